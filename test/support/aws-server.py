# Owns Debian's `aws` started once: what its program imports and reads at every start is here already, and each command runs in a fork, by aws's
# own code. A line in: {"id", "args", "env", "out", "err"}; a line back when it has ended: {"id", "status"}. Ends with its input.
import json
import os
import selectors
import signal
import sys
import traceback

import awscli.clidriver

driver = awscli.clidriver.create_clidriver()
loader = driver.session.get_component("data_loader")
for part in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
    loader.load_service_model("ec2", part)
for name in ("endpoints", "partitions"):
    loader.load_data(name)
driver.session.get_service_model("ec2")


def run(args, env, out, err):
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY | os.O_CREAT), (2, err, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(path, flags, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["aws", *args]
    try:
        status = driver.main(args)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 255
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


children = {}
wake, woken = os.pipe()
os.set_blocking(woken, False)
signal.set_wakeup_fd(woken)
signal.signal(signal.SIGCHLD, lambda *_: None)
events = selectors.DefaultSelector()
events.register(0, selectors.EVENT_READ)
events.register(wake, selectors.EVENT_READ)
rest = b""
while True:
    ready = [key.fd for key, _ in events.select()]
    if wake in ready:
        os.read(wake, 4096)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            os.write(1, (json.dumps({"id": children.pop(pid), "status": os.waitstatus_to_exitcode(status)}) + "\n").encode())
    if 0 in ready:
        data = os.read(0, 1 << 16)
        if not data:
            sys.exit()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                run(request["args"], request["env"], request["out"], request["err"])
            children[pid] = request["id"]
