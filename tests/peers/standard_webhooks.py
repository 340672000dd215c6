"""A receiver that takes what the reference library of Standard Webhooks verifies, and a sender that it signs for.

Usage: standard_webhooks.py SECRET

The first line on standard output is the port, the second a signed message; then one line for each delivery, with
whether the library verified it.
"""

import datetime
import http.server
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(sys.argv[1])


def say(what):
    print(json.dumps(what), flush=True)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            verified = webhook.verify(body, dict(self.headers)) is not None
        except WebhookVerificationError:
            verified = False
        say({"id": self.headers["webhook-id"], "verified": verified, "body": body.decode()})
        self.send_response(204 if verified else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
say(server.server_port)
now = datetime.datetime.now(tz=datetime.timezone.utc)
body = json.dumps({"type": "anomaly.action", "text": "Ünïcode, and a \n in it"}, ensure_ascii=False)
say(
    {
        "id": "msg_1",
        "timestamp": int(now.timestamp()),
        "body": body,
        "signature": webhook.sign("msg_1", now, body),
    }
)
server.serve_forever()
