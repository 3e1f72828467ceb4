// Owns node:http as Node's `require` has it: an import reads every name the module exports, WebSocket among them, and so loads an HTTP client
// that nobody here uses (undici): eighty milliseconds of every start.

export const { createServer } = process.getBuiltinModule("node:http");
