// node-pty behind ws on a Unix socket, in its fastest form: no decoding to strings, no compression, no flow control.
// node node_pty_server.js SOCKET_PATH, with node-pty and ws on NODE_PATH. Ends with its standard input.
const http = require("http");
const pty = require("node-pty");
const { WebSocketServer } = require("ws");

const server = http.createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket, request) => {
  const query = new URL(request.url, "ws://localhost").searchParams;
  const [program, ...args] = query.getAll("argv");
  const [cols, rows] = [Number(query.get("cols")), Number(query.get("rows"))];
  const terminal = pty.spawn(program, args, { cols, rows, encoding: null });
  terminal.onData((data) => socket.send(data));
  terminal.onExit(() => socket.close());
  socket.on("message", (data) => terminal.write(data));
  socket.on("close", () => terminal.kill("SIGKILL"));
});
process.stdin.on("end", () => process.exit(0)).resume();
server.listen(process.argv[2], () => console.log("ready"));
