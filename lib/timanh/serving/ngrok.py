"""ngrok's agent, through pyngrok; and what its errors mean for the person at the notebook."""

import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from timanh.errors import TunnelError, advice
from timanh.serving.listening import without_proxy_on_this_machine
from timanh.serving.tunnel import Tunnel
from timanh.workspace import find_secret, secret

QUOTA = (
    "The free quota of ngrok for this month is used up. Try {other}.",
    "Hạn mức miễn phí của ngrok tháng này đã hết. Hãy thử {other}.",
)
# Number → what to do, in English and in Vietnamese.
ADVICE: dict[str, tuple[str, str]] = {
    "105": (
        "The authtoken is malformed. Copy it again from dashboard.ngrok.com.",
        "Authtoken sai định dạng. Hãy chép lại từ dashboard.ngrok.com.",
    ),
    "107": (
        "The authtoken was revoked. Copy the present one from dashboard.ngrok.com.",
        "Authtoken đã bị thu hồi. Hãy chép authtoken hiện tại từ dashboard.ngrok.com.",
    ),
    "108": (
        "Your account already runs as many agents as it may. Stop the other notebook, or close "
        "its agent on dashboard.ngrok.com/agents.",
        "Tài khoản đã chạy đủ số agent cho phép. Hãy dừng notebook kia, hoặc đóng agent của nó tại "
        "dashboard.ngrok.com/agents.",
    ),
    "334": (
        "The address is already online. Stop the other notebook that uses it, or wait a minute.",
        "Địa chỉ này đang được dùng. Hãy dừng notebook đang dùng nó, hoặc đợi một phút.",
    ),
    "4018": (
        "ngrok wants an account. Put its authtoken into the secret NGROK_AUTHTOKEN.",
        "ngrok yêu cầu tài khoản. Hãy lưu authtoken vào secret NGROK_AUTHTOKEN.",
    ),
    "6024": (
        "ngrok shows browsers a page in between; the local backend skips it.",
        "ngrok chèn một trang cảnh báo cho trình duyệt; backend trên máy bạn tự bỏ qua trang này.",
    ),
    "3200": (
        "The tunnel is closed. Run this cell again.",
        "Đường hầm đã đóng. Hãy chạy lại ô này.",
    ),
    "8012": (
        "The tunnel is open but the API is not running. Run this cell again.",
        "Đường hầm đang mở nhưng API không chạy. Hãy chạy lại ô này.",
    ),
    **{str(code): QUOTA for code in range(725, 735)},
}
# Why there is no token (of `find_secret`) → what to say, in English and in Vietnamese.
NO_TOKEN: dict[str, tuple[str, str]] = {
    "missing": (
        "there is no NGROK_AUTHTOKEN in the environment or in Colab's secrets (the key icon on the "
        "left). Copy it from dashboard.ngrok.com.",
        "thiếu NGROK_AUTHTOKEN trong biến môi trường hoặc trong mục Secrets của Colab (biểu tượng "
        "chìa khóa bên trái). Hãy chép từ dashboard.ngrok.com.",
    ),
    "no access": (
        "this notebook may not read the secret NGROK_AUTHTOKEN. Switch its access on behind the "
        "key icon on the left.",
        "notebook này chưa được phép đọc secret NGROK_AUTHTOKEN. Hãy bật quyền truy cập trong mục "
        "Secrets (biểu tượng chìa khóa bên trái).",
    ),
    "no answer": (
        "nobody answered when Colab asked whether this notebook may read NGROK_AUTHTOKEN.",
        "Colab đã hỏi có cho notebook đọc NGROK_AUTHTOKEN không nhưng không ai trả lời.",
    ),
}


def ngrok_opener(port: int, token: str | None, domain: str | None) -> Callable[[], Tunnel]:
    """What opens a tunnel of ngrok; see `tunnel_opener`."""
    reason = ""
    if not token:
        token, reason = find_secret("NGROK_AUTHTOKEN")
    if not token:
        return partial(Tunnel, "none", notice=_no_token(reason))
    return partial(open_ngrok, port, token, domain or secret("NGROK_DOMAIN"))


def open_ngrok(port: int, token: str, domain: str | None) -> Tunnel:
    """A tunnel of ngrok with this authtoken; reads no secret."""
    from pyngrok import conf, ngrok
    from pyngrok.exception import PyngrokError

    config = conf.PyngrokConfig(
        auth_token=token,
        ngrok_path=os.environ.get("PYNGROK_NGROK_PATH") or conf.get_default().ngrok_path,
    )
    options: dict[str, Any] = {}
    if domain:
        options["domain"] = domain
    without_proxy_on_this_machine()
    try:
        ngrok.kill(config)  # an agent of an earlier run would keep its tunnel beside ours
        opened = ngrok.connect(str(port), "http", pyngrok_config=config, **options)
    except (PyngrokError, OSError) as error:
        ngrok.kill(config)
        # An HTTP error carries its number in the body, other errors in their text.
        text = f"{error} {getattr(error, 'body', '')} {getattr(error, 'ngrok_error', '')}"
        raise TunnelError(ngrok_advice(text)) from error
    address = opened.public_url
    return Tunnel(
        "ngrok",
        address,
        _alive=lambda: _lists(config, address),
        _close=lambda: ngrok.kill(config),
    )


def ngrok_advice(message: str) -> str:
    """What to do about an error of ngrok, from the number in its message; in two languages."""
    match = re.search(r"ERR_NGROK_(\d+)", message)
    code = match.group(1) if match else ""
    if code in ADVICE:
        other = advice(cli="--tunnel cloudflared", notebook='TUNNEL = "cloudflared"')
        english, vietnamese = (line.replace("{other}", other) for line in ADVICE[code])
        return f"{english} (ngrok error {code})\n{vietnamese} (lỗi ngrok {code})"
    first = next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
    return (
        f"ngrok could not open the tunnel: {first[:200]}\n"
        "ngrok không mở được đường hầm; lý do ở dòng trên."
    )


def _no_token(reason: str) -> str:
    unread = f"Colab's secrets cannot be read ({reason})."
    english, vietnamese = NO_TOKEN.get(reason, (unread, f"không đọc được Secrets ({reason})."))
    return (
        f"No tunnel: {english} The API runs on this machine only.\n"
        f"Không có đường hầm: {vietnamese} API chỉ chạy trên máy này."
    )


def _lists(config: Any, address: str | None) -> bool:
    """Whether the agent runs and has the tunnel; never starts another agent."""
    from pyngrok import ngrok, process
    from pyngrok.exception import PyngrokError

    if not process.is_process_running(config.ngrok_path):
        return False
    try:
        return any(each.public_url == address for each in ngrok.get_tunnels(config))
    except (PyngrokError, OSError):
        return False
