// Sends a file with tus-js-client: node tus_client.cjs FILE URL KEY NAME STOP_AT
// With STOP_AT above 0 it stops once so many bytes are accepted and prints the upload's address;
// given that address as URL, it goes on there. Prints one line of JSON.
"use strict";

const fs = require("node:fs");
const tus = require("tus-js-client");

const [file, url, key, name, stopAt] = process.argv.slice(2);
const answers = {};
const options = {
  headers: { "X-API-Key": key },
  metadata: { filename: name, filetype: "video/mp4" },
  chunkSize: 250000,
  retryDelays: [0, 100, 200, 400, 800, 1600, 3200],
  onAfterResponse: (request, response) => {
    answers.file = response.getHeader("Roadscan-File") || answers.file;
    answers.statuses = [...(answers.statuses || []), response.getStatus()];
  },
  onChunkComplete: (size, accepted) => {
    if (Number(stopAt) > 0 && accepted >= Number(stopAt)) {
      upload.abort().then(() => finish({ url: upload.url, accepted }));
    }
  },
  onSuccess: () => finish({ url: upload.url }),
  onError: (error) => finish({ error: String(error) }),
};
Object.assign(options, /\/uploads$/.test(url) ? { endpoint: url } : { uploadUrl: url });
const upload = new tus.Upload(fs.createReadStream(file), {
  ...options,
  uploadSize: fs.statSync(file).size,
});
upload.start();

function finish(told) {
  console.log(JSON.stringify({ ...answers, ...told }));
  process.exit(told.error ? 1 : 0);
}
