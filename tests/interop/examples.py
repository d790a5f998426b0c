#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example programs against peers of others: curl and Python's smtplib, ftplib and telnetlib. In a network
namespace of its own, on Linux's sockets and, over a TAP device, on ours, which many threads may use."""
import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

BUILD = os.environ.get("BUILD", "build")
WAIT_S = 30
results = {"passed": 0, "failed": 0}


def check(name, good, detail=""):
    results["passed" if good else "failed"] += 1
    print("ok   " if good else "FAIL ", name, "" if good else detail)


def start(command, words, typed):
    """A program as a process; `typed` None: its keyboard stays open."""
    process = subprocess.Popen([*command, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    if typed is not None:
        process.stdin.write(typed)
        process.stdin.close()
        process.stdin = None
    return process


class World:
    """Whose sockets the programs use that are tested, `server` and `peer`, and where these are."""

    def __init__(self, name, server, peer, host, far, host6=None):
        self.name, self.server, self.client, self.host, self.far, self.host6 = name, server, peer, host, far, host6

    def program(self, *words, typed=""):
        process = start(self.server, words, typed)
        if words[0].endswith("d"):
            line = process.stdout.readline()
            if line != f"listening on port {words[1]}\n":
                process.kill()
                raise RuntimeError(f"{words[0]} does not listen: {line}{process.communicate()[0]}")
        return process

    def peer(self, *words, typed=""):
        return start(self.client, words, typed)


LINUX = [f"{BUILD}/examples/linux"]
OURS = [f"{BUILD}/examples/packhorse", "--tap", "phx", "--address", "10.77.0.1/24", "--address", "fd77::1/64",
        "--gateway", "10.77.0.2"]
WORLDS = [World("linux", LINUX, LINUX, "127.0.0.1", "127.0.0.1"),
          World("threads over TAP", OURS, LINUX, "10.77.0.1", "10.77.0.2", "fd77::1"),
          World("Linux to threads", LINUX, OURS, "10.77.0.2", "10.77.0.1", "fd77::2")]


def finish(process):
    try:
        out = process.communicate(timeout=WAIT_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        out = process.communicate()[0] + "\n(stopped)"
    return out, process.returncode == 0


def run(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WAIT_S, check=False).stdout


def http(world, work):
    content = os.urandom(300000)
    with open(f"{work}/page", "wb") as file:
        file.write(content)
    server = world.program("httpd", "8080", work, "106")
    url = f"http://{world.host}:8080"
    check(f"{world.name}: curl gets a file", run("curl", "-s", "-m", "20", f"{url}/page") == content)
    twice = run("curl", "-s", "-m", "20", "-w", "%{num_connects}", f"{url}/page?a", f"{url}/page", "-o", "/dev/null",
                "-o", "/dev/null")
    check(f"{world.name}: curl uses a connection twice", twice == b"10", twice)
    codes = [run("curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", *words)
             for words in ([f"{url}/none"], ["--path-as-is", f"{url}/../x"], ["-d", "x", f"{url}/page"],
                           ["-I", f"{url}/page"])]
    check(f"{world.name}: curl is told what is wrong", codes == [b"404", b"404", b"400", b"200"], codes)
    mine, good = finish(world.peer("httpget", world.host, "8080", "/page", "100"))
    check(f"{world.name}: httpget gets it 100 times at once", good and "100 of 100 whole: status 200, 300000 bytes" in mine, mine)
    out, good = finish(server)
    check(f"{world.name}: httpd ends after 106 connections", good and "106 connections served" in out, out)


def ipv6(world, work):
    """The same servers answer both families; our end makes sure first that it is alone with its address."""
    if not world.host6:
        return
    with open(f"{work}/page", "wb") as file:
        file.write(b"six" * 5000)
    server = world.program("httpd", "8086", work, "21")
    mine, good = finish(world.peer("httpget", world.host6, "8086", "/page", "20"))
    check(f"{world.name}: httpget over IPv6", good and "20 of 20 whole: status 200, 15000 bytes" in mine, mine)
    got = run("curl", "-sg", "-m", "20", f"http://[{world.host6}]:8086/page")
    check(f"{world.name}: curl over IPv6", got == b"six" * 5000, len(got))
    out, good = finish(server)
    check(f"{world.name}: httpd ends after 21 connections", good, out)


def smtp(world, _work):
    import smtplib
    server = world.program("smtpd", "2525", "2")
    with smtplib.SMTP(world.host, 2525, timeout=WAIT_S) as client:
        refused = client.sendmail("a@x", ["b@y", "c@z"], "Subject: dots\x1b[2J\r\n\r\n.one\r\n..\r\n.\r\nend\r\n")
        codes = [client.docmd(line)[0] for line in ("DATA", "MAIL FROM:a", "MAIL FROM:<a> X=1", "RCPT TO:<b>", "BREW")]
    check(f"{world.name}: smtplib sends a mail", refused == {}, refused)
    check(f"{world.name}: smtplib is told what is wrong", codes == [503, 501, 555, 503, 500], codes)
    mine, good = finish(world.peer("smtpsend", world.host, "2525", "me@here", "you@there",
                                   typed="Subject: mine\n\n.\nlast, without an end"))
    check(f"{world.name}: smtpsend sends one too", good and mine.endswith("sent\n"), mine)
    out, good = finish(server)
    wanted = ["mail from <a@x> to <b@y>", "mail from <a@x> to <c@z>", "| Subject: dots?[2J", "| ", "| .one", "| ..", "| .",
              "| end", "6 lines", "mail from <me@here> to <you@there>", "| Subject: mine", "| ", "| .",
              "| last, without an end", "4 lines"]
    check(f"{world.name}: smtpd shows both", good and out.splitlines() == wanted, out)


def ftp(world, work):
    import ftplib
    import io
    os.mkdir(f"{work}/theirs")
    os.mkdir(f"{work}/ours")
    os.mkdir(f"{work}/theirs/folder")
    os.mkfifo(f"{work}/theirs/pipe")
    content = os.urandom(200000)
    with open(f"{work}/theirs/a.bin", "wb") as file:
        file.write(content)
    with open(f"{work}/theirs/text", "wb") as file:
        file.write(b"one\ntwo\n")
    server = world.program("ftpd", "2121", f"{work}/theirs", "2")
    with ftplib.FTP() as client:
        client.connect(world.host, 2121, timeout=WAIT_S)
        client.login()
        got, lines, long, errors = io.BytesIO(), [], [], []
        client.retrbinary("RETR a.bin", got.write)
        check(f"{world.name}: ftplib gets a file by PASV", got.getvalue() == content)
        client.set_pasv(False)
        client.storbinary("STOR b.bin", io.BytesIO(content[::-1]))
        with open(f"{work}/theirs/b.bin", "rb") as file:
            check(f"{world.name}: ftplib puts one by PORT", file.read() == content[::-1])
        client.retrlines("RETR text", lines.append)
        check(f"{world.name}: ftplib gets text", lines == ["one", "two"], lines)
        client.storlines("STOR back", io.BytesIO(b"x\r\ny\r\n"))
        with open(f"{work}/theirs/back", "rb") as file:
            check(f"{world.name}: ftplib puts text", file.read() == b"x\ny\n")
        client.dir(long.append)
        check(f"{world.name}: ftplib lists", client.nlst() == ["a.bin", "b.bin", "back", "text"] and
              long[0].split() == "-rw-rw-rw- 1 ftp ftp 200000 Jan 1 1970 a.bin".split(), long)
        for command in ("RETR none", "RETR ../theirs/text", "RETR folder", "RETR pipe", "STOR pipe", "PORT 9,9,9,9,9,9", "PORT 127,0,0,1,0,22", "ABCD"):
            try:
                client.voidcmd("TYPE I")
                client.sendcmd(command)
            except ftplib.error_perm as error:
                errors.append(str(error)[:3])
        check(f"{world.name}: ftplib is told what is wrong", errors == ["550"] * 5 + ["501", "501", "502"], errors)
    mine, good = finish(world.peer("ftp", world.host, "2121", f"{work}/ours",
                                   typed="get a.bin\nactive\nget b.bin\nls\n"))
    with open(f"{work}/ours/a.bin", "rb") as a, open(f"{work}/ours/b.bin", "rb") as b:
        check(f"{world.name}: ftp gets both", good and a.read() == content and b.read() == content[::-1], mine)
    out, good = finish(server)
    check(f"{world.name}: ftpd ends after 2 sessions", good and out.count("RETR a.bin: 200000 bytes") == 2, out)


def telnet(world, _work):
    import telnetlib
    server = world.program("telnetd", "2323", "2")
    with telnetlib.Telnet(world.host, 2323, WAIT_S) as client:
        client.get_socket().setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        options = []
        client.set_option_negotiation_callback(lambda _socket, command, option: options.append(command + option))
        client.read_until(b"type help\r\n", WAIT_S)
        client.write(b"echo a\xffb\r\n")  # telnetlib doubles it
        check(f"{world.name}: telnetlib gets an echo", client.read_until(b"\r\n", WAIT_S) == b"a\xffb\r\n")
        client.get_socket().sendall(b"\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f\0\x50\xff\xf0ec\xff\xf1ho c\r\n")
        got = client.read_until(b"c\r\n", WAIT_S)
        check(f"{world.name}: telnetlib's options are refused",
              got == b"c\r\n" and options == [b"\xfc\x01", b"\xfe\x1f"], (got, options))
        client.write(b"yes\r\n")
        client.read_until(b"y\r\ny\r\n", WAIT_S)
        client.write(b"echo not obeyed\r\n")
        client.get_socket().sendall(b"\xff\xf4")
        client.get_socket().send(b"\xff\xf2", socket.MSG_OOB)
        got = client.read_until(b"interrupted\r\n", WAIT_S)
        client.write(b"echo obeyed\r\n")
        rest = client.read_until(b"obeyed\r\n", WAIT_S)
        check(f"{world.name}: telnetlib interrupts", got.endswith(b"interrupted\r\n") and rest == b"obeyed\r\n", rest)
    mine = Reader(world.peer("telnet", world.host, "2323", typed=None))
    for line, after in [("help", "type help"), ("yes", "help, echo"), ("^C", "y\n"), ("exit", "interrupted")]:
        mine.until(after)  # the answer to the line before
        mine.type(line)
    out, good = mine.finish()
    check(f"{world.name}: telnet interrupts", good and out.endswith("bye\nthe connection ended\n"), out)
    out, good = finish(server)
    check(f"{world.name}: telnetd dropped what was typed ahead", good and
          out.startswith("yes: interrupted; 17 bytes"), out)


class Reader:
    """The lines of a program that goes on, and its keyboard."""

    def __init__(self, process):
        self.process, self.text = process, ""

    def until(self, wanted):
        while wanted not in self.text:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"no '{wanted}' in {self.text}")
            self.text += line

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def finish(self):
        out, good = finish(self.process)
        return self.text + out, good


def chat(world, _work):
    words = ("239.1.2.3", "4321")
    ours = Reader(world.program("chat", "ann", *words, world.host, typed=None))
    theirs = Reader(world.peer("chat", "bob", *words, world.far, typed=None))
    theirs.until("* ann is here")
    ours.until("* bob is here")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        ours_is_far = world.client is OURS
        other.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                         socket.inet_aton(world.host if ours_is_far else world.far))
        other.settimeout(WAIT_S)
        other.sendto(b"hcy ", (words[0], int(words[1])))
        names = sorted(other.recvfrom(500)[0].split()[0] for _ in range(2))
        check(f"{world.name}: a datagram of ours is answered by both", names == [b"Hann", b"Hbob"], names)
        theirs.type("hello")
        ours.until("<bob> hello")
        ours.type("/to cy psst")
        check(f"{world.name}: what is for one comes to one", other.recvfrom(500)[0] == b"oann psst")
        for junk in (b"", b"a", b"acy", b"acy\0 x", b"\xff" * 400, b"a" + b"n" * 99 + b" x"):
            other.sendto(junk, (words[0], int(words[1])))
        other.sendto(b"acy \x1b[2Jlast", (words[0], int(words[1])))
    ours.until("last")
    ours.type("/quit")
    theirs.until("* ann has left")
    theirs.type("/quit")
    mine, good = ours.finish()
    check(f"{world.name}: all is shown, nothing else", good and mine.splitlines() ==
          ["* bob is here", "* cy is here", "<bob> hello", "<cy> ?[2Jlast"], mine)
    check(f"{world.name}: the other ends well", theirs.finish()[1])


def garbage(world, work):
    """Peers that send anything, in pieces, and hang up: no server minds (the programs run with sanitizers)."""
    import random
    words = [b"GET /", b"HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n\r\n", b"HEAD ", b"MAIL FROM:<", b"RCPT TO:", b"DATA\r\n", b">",
             b".\r\n", b"EHLO x\r\n", b"RETR ", b"STOR ", b"PASV\r\n", b"PORT 1,2,3,4,5,6\r\n", b"LIST\r\n", b"TYPE ", b"USER\r\n",
             b"\xff", b"\xff\xf4", b"\xff\xf2", b"\xff\xfa", b"\xff\xf0", b"\xff\xfd", b"\xff\xf6", b"yes\r\n", b"echo ",
             b"\r", b"\n", b"\0", b"%s%n", b"../", b"A" * 600, b"\x80" * 300]
    peers = 25

    def send_garbage(port, seed):
        rng = random.Random(seed)
        with socket.create_connection((world.host, port), WAIT_S) as peer:
            peer.settimeout(0.02)
            try:
                for _ in range(rng.randrange(1, 30)):
                    piece = b"".join(rng.choice(words) for _ in range(rng.randrange(1, 12)))
                    peer.send(piece, socket.MSG_OOB if rng.random() < 0.1 else 0)
                    if rng.random() < 0.3:
                        peer.recv(4000)
                if rng.random() < 0.5:
                    peer.shutdown(socket.SHUT_WR)
                    peer.recv(4000)
            except (OSError, TimeoutError):
                pass  # it has hung up, or said nothing

    for number, (name, more) in enumerate([("httpd", [work, str(peers)]), ("ftpd", [work, str(peers)]),
                                           ("telnetd", [str(peers)])]):
        server = world.program(name, str(7000 + number), *more)
        for seed in range(peers):
            send_garbage(7000 + number, 1000 * number + seed)
        out, good = finish(server)
        check(f"{world.name}: {name} takes garbage from {peers} peers", good, out[-2000:])
    server = world.program("smtpd", "7025", "1000000")
    for seed in range(peers):
        send_garbage(7025, 5000 + seed)
    mine, good = finish(world.peer("smtpsend", world.host, "7025", "me", "you", typed="text"))
    check(f"{world.name}: smtpd takes garbage from {peers} peers", good and server.poll() is None, mine)
    server.kill()
    finish(server)


def told(sock):
    """All that comes until the other end closes or resets; None: it does neither in time."""
    text = b""
    sock.settimeout(10)
    try:
        while piece := sock.recv(65536):
            text += piece
    except TimeoutError:
        return None
    except OSError:
        pass
    return text


def patience(world, work):
    """Peers that say nothing, half a request, or read nothing: httpd drops each after a second, and serves others."""
    with open(f"{work}/page", "wb") as file:
        file.write(b"page")
    with open(f"{work}/big", "wb") as file:
        file.truncate(64 << 20)
    server = world.program("httpd", "8091", work, "7", "1")

    def connect(text=b""):
        sock = socket.create_connection((world.host, 8091), WAIT_S)
        sock.sendall(text)
        return sock

    silent, half, answered = connect(), connect(b"GET /pa"), connect(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\nGET")
    slow, deaf = connect(), connect(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    sent = 0
    try:
        for _ in range(25):  # a byte whenever it would be forgiven
            slow.sendall(b"GET /page HTTP/1.1\r\nHost: "[sent:sent + 1])
            sent += 1
            time.sleep(0.2)
    except OSError:
        pass
    check(f"{world.name}: httpd drops who sends a byte now and then", sent < 25, sent)
    ends = [told(sock) for sock in (silent, half, answered)]
    check(f"{world.name}: httpd drops the silent", ends[0] == b"" and ends[1] == b"", ends)
    check(f"{world.name}: httpd drops who was answered", ends[2] is not None and ends[2].endswith(b"page"), ends)
    time.sleep(3)  # it is deaf since at least so long
    got = told(deaf)
    check(f"{world.name}: httpd drops who reads nothing", got is not None and 0 < len(got) < 64 << 20, got and len(got))
    check(f"{world.name}: httpd serves others meanwhile", run("curl", "-s", "-m", "20", f"http://{world.host}:8091/page") ==
          b"page")
    with connect(b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as last:
        told(last)
    for sock in (silent, half, answered, slow, deaf):
        sock.close()
    out, good = finish(server)
    check(f"{world.name}: httpd ends after 7 connections, 5 of them dropped", good, out)


def requests(world, work):
    """Requests that a strict server refuses, with an answer that arrives though more was sent than it reads."""
    with open(f"{work}/page", "wb") as file:
        file.write(b"page")
    rows = [(b"GET /page HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\n", 400),
            (b"GET /page HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
            (b"GET /page HTTP/1.1\r\nHost: x\nContent-Length: 4\r\n\r\n", 400),
            (b"GET /page HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
            (b"GET /page HTTP/1.1\r\nHost: \0\r\n\r\n", 400), (b"GET /page HTTP/1.1\r\nHost\r\n\r\n", 400),
            (b"GET /page  HTTP/1.1\r\nHost: x\r\n\r\n", 400), (b"GET /page HTTP/1.12\r\nHost: x\r\n\r\n", 400),
            (b"GET /page\r\n\r\n", 400), (b"\r\n\r\n", 400), (b"get /page HTTP/1.1\r\nHost: x\r\n\r\n", 405),
            (b"GET /page HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 200000, 431),
            (b"GET /" + b"a" * 400 + b" HTTP/1.1\r\nHost: x\r\nConnection: foo, close\r\n\r\n", 404),
            (b"GET /page HTTP/1.0\r\n\r\n", 200), (b"HEAD /page HTTP/1.0\r\nhost:x\r\n\r\n", 200)]
    server = world.program("httpd", "8092", work, str(len(rows)), "20")
    answers = []
    for text, _ in rows:
        with socket.create_connection((world.host, 8092), WAIT_S) as sock:
            sock.settimeout(WAIT_S)
            try:
                sock.sendall(text)
            except OSError:
                pass
            answers.append((told(sock) or b"")[9:12])
    wanted = [str(code).encode() for _, code in rows]
    check(f"{world.name}: httpd's answers to odd requests", answers == wanted,
          [row for row in zip(rows, answers) if str(row[0][1]).encode() != row[1]])
    out, good = finish(server)
    check(f"{world.name}: httpd ends after {len(rows)} connections", good, out)


def crowd(world, work):
    """More connections than descriptors: the one that has waited longest gives its place."""
    if world is not WORLDS[0]:
        return
    with open(f"{work}/page", "wb") as file:
        file.write(b"page")
    server = start(["prlimit", "--nofile=24:24", *LINUX], ["httpd", "8093", work, "0", "3600"], "")
    server.stdout.readline()
    silent = [socket.create_connection((world.host, 8093), WAIT_S) for _ in range(60)]
    got = run("curl", "-s", "-m", "10", f"http://{world.host}:8093/page")
    check(f"{world.name}: httpd has room for one more", got == b"page", got)
    server.kill()
    finish(server)
    for sock in silent:
        sock.close()


def hang_up(world, work):
    """Connections that are reset before they are accepted, and lines without an end: the next client is served."""
    port, linger = 7031, struct.pack("ii", 1, 0)
    for name, more, last in (("smtpd", ["1"], b"220"), ("ftpd", [work, "41"], b"220"), ("telnetd", ["41"], b"packhorse")):
        server = world.program(name, str(port), *more)
        holder = socket.create_connection((world.host, port), WAIT_S)  # meanwhile the others wait
        for _ in range(6):
            with socket.create_connection((world.host, port), WAIT_S) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        holder.sendall(b"x" * 5000)
        if name != "telnetd":
            text = told(holder)
            check(f"{world.name}: {name} refuses a line without an end", text is not None and b"\r\n500 " in text, text)
        holder.close()
        with socket.create_connection((world.host, port), WAIT_S) as sock:
            sock.settimeout(WAIT_S)
            got = sock.recv(100)
        check(f"{world.name}: {name} serves on after resets", got.startswith(last) and server.poll() is None, got)
        server.kill()
        finish(server)
        port += 1


def liars(world, _work):
    """Servers that lie: a client believes no more than it must."""
    if world is WORLDS[1]:
        return  # its clients are Linux's, as in the first world

    def serve(listener, talk):
        def one():
            with contextlib.suppress(OSError):
                with listener.accept()[0] as sock:
                    sock.settimeout(WAIT_S)
                    talk(sock)
        thread = threading.Thread(target=one, daemon=True)
        thread.start()
        return thread

    def endless(sock):
        sock.recv(4000)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        while True:
            sock.sendall(b"x" * 100000)

    with socket.create_server(("", 7041)) as listener:
        thread = serve(listener, endless)
        mine, good = finish(world.peer("httpget", world.host, "7041", "/", "1"))
        check(f"{world.name}: httpget ends where Content-Length says", not good and "0 of 1 whole" in mine, mine)
        thread.join(WAIT_S)

    def elsewhere(sock):
        sock.sendall(b"220 hi\r\n")
        for answer in (b"331 go on", b"230 in", b"200 ok", b"227 to (127,0,0,9,27,140)", b"150 here", b"226 done", b"221 bye"):
            if not sock.recv(4000):
                return
            sock.sendall(answer + b"\r\n")

    if world is not WORLDS[0]:
        return
    with socket.create_server(("", 7042)) as listener, socket.create_server(("127.0.0.9", 27 * 256 + 140)) as third:
        thread = serve(listener, elsewhere)
        mine, good = finish(world.peer("ftp", world.host, "7042", "/tmp", typed="ls\n"))
        thread.join(WAIT_S)
        third.settimeout(0.2)
        try:
            third.accept()[0].close()
            called = True
        except TimeoutError:
            called = False
        check(f"{world.name}: ftp is not sent to third parties", not good and not called, (mine, called))


def inside():
    subprocess.run(["ip", "link", "set", "lo", "up", "multicast", "on"], check=True)
    warnings.simplefilter("ignore", DeprecationWarning)
    work = tempfile.mkdtemp()
    try:
        worlds = WORLDS
        if os.path.exists("/dev/net/tun"):
            for words in ("tuntap add dev phx mode tap", "address add 10.77.0.2/24 dev phx", "link set phx up",
                          "address add fd77::2/64 dev phx nodad"):
                subprocess.run(["ip", *words.split()], check=True)
        else:
            worlds = WORLDS[:1]
            print("skipped: there is no /dev/net/tun")
        for world in worlds:
            for example in (http, ipv6, smtp, ftp, telnet, chat, garbage, patience, requests, crowd, hang_up, liars):
                os.mkdir(f"{work}/{worlds.index(world)}-{example.__name__}")
                try:
                    example(world, f"{work}/{worlds.index(world)}-{example.__name__}")
                except (OSError, RuntimeError, subprocess.TimeoutExpired, EOFError) as error:
                    check(f"{world.name}: {example.__name__} goes to its end", False, repr(error))
    finally:
        shutil.rmtree(work)
    print(f"{results['passed']} passed, {results['failed']} failed")
    return 1 if results["failed"] else 0


def main():
    if "--inside" in sys.argv:
        return inside()
    unshare = ["unshare", "-n" if os.getuid() == 0 else "-rn"]
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("skipped: network namespaces are not permitted here\n0 passed, 0 failed, 1 skipped")
        return 0
    os.execvp("unshare", [*unshare, sys.executable, __file__, "--inside"])
    return 1


if __name__ == "__main__":
    sys.exit(main())
