"""The calendar comes from a package or a file, and a year that neither knows is refused in a sentence."""

from click.testing import CliRunner

from backend.cli import main


def run(folder, *args, code=0):
    done = CliRunner(env={"PADSYNC_DATA_DIR": str(folder), "PADSYNC_DATABASE_URL": None}).invoke(main, args)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_the_calendar_is_imported_year_by_year(tmp_path):
    run(tmp_path, "migrate")
    assert "2026 has 248 working days" in run(tmp_path, "import-calendar", "2026")
    assert "does not know 2027" in run(tmp_path, "import-calendar", "2027", code=1)
    file = tmp_path / "2027.csv"
    file.write_text("day,kind\n2027-01-01,holiday\n2027-01-03,make_up\n", encoding="utf-8")
    assert "2027 has 261 working days, says file 2027.csv (predicted)" in run(
        tmp_path, "import-calendar", "2027", "--file", str(file), "--predicted"
    )  # fmt: skip
    file.write_text("day,kind\n2027-01-01,feast\n", encoding="utf-8")
    assert "Line 2 of 2027.csv" in run(tmp_path, "import-calendar", "2027", "--file", str(file), code=1)
    file.write_text("day,kind\n2026-01-01,holiday\n", encoding="utf-8")
    assert "not in 2027" in run(tmp_path, "import-calendar", "2027", "--file", str(file), code=1)
    file.write_text("day,kind,name\n2027-01-01,holiday,元旦\n", encoding="gbk")
    assert "2027.csv is no UTF-8 text" in run(tmp_path, "import-calendar", "2027", "--file", str(file), code=1)
