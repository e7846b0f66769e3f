"""Tasks: what a person of the bank has to do, and the rest of their workbench (工作平台)."""
