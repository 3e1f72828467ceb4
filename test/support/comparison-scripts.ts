// Owns the Python programs by which the comparison of NAT gateways and NAT instances speaks: servers on the laptop, clients in instances.

/** Port 9000: echoes, and ends the connection after "bye"; 9001: says how long a datagram was; 9002: 8 MB. They end with their input. */
export const laptopServers = `
import socket, sys, threading
def serve(port, talk):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", port)); s.listen()
    def accept():
        while True:
            c, _ = s.accept(); threading.Thread(target=talk, args=(c,), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
def echo(c):
    with c:
        while (data := c.recv(100)) and data != b"bye": c.sendall(data)
def much(c):
    with c: c.sendall(bytes(8 << 20))
def datagrams():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 9001)); print("ready", flush=True)
    while True:
        data, who = s.recvfrom(65535); s.sendto(str(len(data)).encode(), who)
serve(9000, echo); serve(9002, much)
threading.Thread(target=datagrams, daemon=True).start()
sys.stdin.read()
`;

export const clientScripts = {
  /** HOST PORT: how many bytes came. */
  receive: `
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10); n = 0
while data := s.recv(1 << 16): n += len(data)
print(n)
`,
  /** HOST PORT SECONDS: speaks, is idle, speaks again, and says goodbye. */
  idle: `
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
def talk(text):
    s.sendall(text)
    return "echo" if s.recv(100) == text else "end"
try:
    print(talk(b"one"), end=" "); time.sleep(float(sys.argv[3])); print(talk(b"two"), end=" "); print(talk(b"bye"))
except ConnectionResetError: print("reset")
`,
  /** HOST PORT: what the other end says of a datagram of 4,000 bytes. */
  longDatagram: `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
s.sendto(bytes(4000), (sys.argv[1], int(sys.argv[2]))); print(s.recv(100).decode())
`,
  /** PORT: says one word to whoever comes. */
  sayOnce: `
import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", int(sys.argv[1]))); s.listen(); print("ready", flush=True)
c, _ = s.accept(); c.sendall(b"forwarded\\n")
`,
  /** HOST PORT: a SYN in two pieces by a raw socket, and what came of it. */
  synInPieces: `
import os, socket, struct, sys, time
host, port = sys.argv[1], int(sys.argv[2]); mine = 20000 + os.getpid() % 20000
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); probe.connect((host, port)); own = probe.getsockname()[0]
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
body = bytes(40); addresses = socket.inet_aton(own) + socket.inet_aton(host)
def header(check): return struct.pack("!HHIIBBHHH", mine, port, 1000, 0, 5 << 4, 2, 8192, check, 0)
segment = header(checksum(addresses + struct.pack("!BBH", 0, 6, 60) + header(0) + body)) + body
heard = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW); out.setsockopt(socket.IPPROTO_IP, 22, 1)  # IP_NODEFRAG
for at, end in ((0, 24), (24, 60)):
    out.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 20 + end - at, 0x4242, (0x2000 if end < 60 else 0) | at // 8, 64, 6, 0) + addresses + segment[at:end], (host, 0))
end = time.time() + 2
while (left := end - time.time()) > 0:
    heard.settimeout(left)
    try: data = heard.recv(2000)
    except socket.timeout: break
    sport, dport = struct.unpack("!HH", data[20:24])
    if (sport, dport) == (port, mine) and data[33] & 0x12 == 0x12: print("SYN-ACK"); sys.exit()
print("nothing")
`,
};
