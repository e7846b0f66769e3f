// Uploads a file with tus-js-client, unmodified. Arguments: endpoint, file, part size, authorization, install,
// path of the store of begun uploads, and after how many accepted bytes to hang up (0: never).
import { createReadStream, statSync } from "node:fs";
import { FileUrlStorage, Upload } from "tus-js-client";

const [endpoint, path, chunkSize, authorization, install, store, hangUpAfter] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
let sha256 = null;

const upload = new Upload(createReadStream(path), {
  endpoint,
  chunkSize: Number(chunkSize),
  uploadSize: statSync(path).size,
  headers: { Authorization: authorization, "Sync-Install": install },
  metadata: { filename: "photo.jpg" },
  retryDelays: [0, 100, 200],
  urlStorage: new FileUrlStorage(store),
  fingerprint: () => Promise.resolve("the-photo"),
  onAfterResponse: (_request, response) => {
    sha256 = response.getHeader("File-Sha256") ?? sha256;
  },
  onChunkComplete: (_size, accepted) => {
    if (Number(hangUpAfter) > 0 && accepted >= Number(hangUpAfter)) {
      say({ hung_up_at: accepted, url: upload.url });
      process.exit(0);
    }
  },
  onError: (error) => {
    say({ error: String(error) });
    process.exit(1);
  },
  onSuccess: () => {
    say({ url: upload.url, sha256, resumed: resumedFrom });
    process.exit(0);
  },
});

const earlier = await upload.findPreviousUploads();
const resumedFrom = earlier.length > 0 ? earlier[0].uploadUrl : null;
if (resumedFrom) {
  upload.resumeFromPreviousUpload(earlier[0]);
}
upload.start();
