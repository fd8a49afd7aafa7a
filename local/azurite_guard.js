// Runs Azurite's blob service so that it ends, with its data written, when its parent does: stdin tells.
// While it runs it answers on a loopback port with a word that only its record in the state folder holds.
// Arguments: Azurite's blob main, the record's path, the word; then Azurite's own.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const [main, record, word] = process.argv.splice(2, 3);
const SIGNALS = ["SIGTERM", "SIGINT"];
const servers = [];
let shutDown = null; // Azurite's own, once it listens
let isStopping = false;
let begun = 0; // requests that have no answer yet
let hasShutDown = false;

// Azurite saves its tables while it still answers, and what it answers after that is lost. So it shuts down when
// nothing is under way any more; what comes in between is not begun, and whoever asked will ask again.
const createServer = http.createServer;
http.createServer = (...given) => {
  const server = createServer(...given);
  const emit = server.emit;
  servers.push(server);
  server.emit = function (event, request, response) {
    if (event !== "request") return emit.apply(this, arguments);
    if (isStopping) return request.socket.destroy();
    begun += 1;
    response.once("close", () => {
      begun -= 1;
      if (isStopping && begun === 0) end();
    });
    return emit.apply(this, arguments);
  };
  return server;
};

const once = process.once;
process.once = function (event, listener) {
  if (!SIGNALS.includes(event)) return once.apply(this, arguments);
  shutDown = listener;
  if (isStopping && begun === 0) end();
  return this;
};

// However and however often the end is asked for: it comes once, and nothing of this guard keeps the process. A request
// that is never answered holds it up for half of the time that it has.
function stop() {
  if (isStopping) return;
  isStopping = true;
  if (!servers.some((server) => server.listening)) process.exit(0); // nothing is open
  process.stdin.destroy();
  setTimeout(end, 2500).unref();
  setTimeout(() => process.exit(0), 5000).unref();
  if (begun === 0) end();
}

function end() {
  if (hasShutDown || shutDown === null) return;
  hasShutDown = true;
  shutDown();
  for (const server of servers) server.closeAllConnections(); // the idle ones of clients that keep theirs
}

for (const signal of SIGNALS) process.on(signal, stop);
process.stdin.on("end", stop).on("error", stop).resume();

const mark = net.createServer((peer) => peer.on("error", () => {}).end(word));
mark.listen(0, "127.0.0.1", () => {
  fs.writeFileSync(record, JSON.stringify({ port: mark.address().port, word, pid: process.pid }));
  mark.unref();
  require(main);
});
