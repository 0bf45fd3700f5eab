"""Holds a listening socket as systemd does, and runs a server on it: HOST PORT COMMAND...

SIGHUP ends the server and starts the next one; SIGTERM ends the server and this. Between two servers the socket
goes on listening, and the kernel keeps what arrives.
"""
import os
import signal
import socket
import subprocess
import sys

host, port, *command = sys.argv[1:]
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind((host, int(port)))
held.listen(1024)
os.dup2(held.fileno(), 3, inheritable=True)
as_systemd = 'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=api; exec "$@"'

wanted = []
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, lambda number, frame: wanted.append(number))
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGTERM))

while True:
    server = subprocess.Popen(
        ['sh', '-c', as_systemd, '-', *command],
        pass_fds=[3],
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP, signal.SIGTERM)),
    )
    number = signal.sigwait((signal.SIGHUP, signal.SIGTERM))
    server.send_signal(signal.SIGTERM)
    code = server.wait()
    if code != 0 or number == signal.SIGTERM:
        sys.exit(code)
