"""A mail server for tests: keeps each mail that it takes as a file.

Recipients whose address begins with `busy` are put off once, those with `slow` always, and those with `no` are refused.
The first mail to one that begins with `late` is taken and never answered.
"""
import asyncio
import os
import ssl
import sys

packages, port, folder, encryption, user, password, certificate, key = sys.argv[1:9]
sys.path.insert(0, packages)
from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402

seen = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("no"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("slow") or (address.startswith("busy") and address not in seen):
            seen.add(address)
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        taken = 1 + sum(name.endswith(".eml") for name in os.listdir(folder))
        path = os.path.join(folder, f"{taken:06}")
        tls = "yes" if server.transport.get_extra_info("ssl_object") else "no"
        who = session.auth_data or "nobody"
        with open(path + ".new", "wb") as file:
            file.write(f"MAIL {envelope.mail_from}\nRCPT {','.join(envelope.rcpt_tos)}\nTLS {tls}\nAUTH {who}\n".encode())
            file.write(envelope.content)
        os.rename(path + ".new", path + ".eml")
        late = {address for address in envelope.rcpt_tos if address.startswith("late")} - seen
        seen.update(late)
        if late:
            await asyncio.Event().wait()
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    login, given = data.login.decode(), data.password.decode()
    if (login, given) == (user, password):
        return AuthResult(success=True, auth_data=login)
    # A server that says back what it was given.
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 {login} {given} is wrong")


async def main():
    context = None
    if encryption != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    starttls = encryption == "starttls"

    def session():
        return SMTP(
            Handler(),
            hostname="localhost",
            enable_SMTPUTF8=True,
            require_starttls=starttls,
            tls_context=context if starttls else None,
            authenticator=authenticate,
            auth_required=bool(user),
            auth_require_tls=starttls,
        )

    loop = asyncio.get_running_loop()
    implicit = context if encryption == "tls" else None
    server = await loop.create_server(session, "127.0.0.1", int(port), ssl=implicit)
    await server.serve_forever()


asyncio.run(main())
