// Runs Azurite's blob service so that it ends, with its data written, when its parent does: stdin tells.
// While it runs it answers on a loopback port with a word that only its record in the state folder holds.
// Arguments: Azurite's blob main, the record's path, the word; then Azurite's own.
"use strict";
const fs = require("node:fs");
const net = require("node:net");

const [main, record, word] = process.argv.splice(2, 3);
const mark = net.createServer((peer) => peer.on("error", () => {}).end(word));
mark.listen(0, "127.0.0.1", () => {
  fs.writeFileSync(record, JSON.stringify({ port: mark.address().port, word, pid: process.pid }));
  mark.unref();
  require(main);
});

// The parent is gone: end as on SIGTERM, on which Azurite writes its data. Until it listens, nothing is open.
function stop() {
  if (process.listenerCount("SIGTERM") < 2) process.exit(0);
  process.emit("SIGTERM");
}

// However the end was asked for: nothing of this guard, and no idle client, keeps the process.
function finish() {
  process.stdin.destroy();
  setTimeout(() => process.exit(0), 5000).unref();
}

process.once("SIGTERM", finish).once("SIGINT", finish);
process.stdin.on("end", stop).on("error", stop).resume();
