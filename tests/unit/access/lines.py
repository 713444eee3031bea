"""Lines of an Application Load Balancer's access log, as AWS documents them; name what differs."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from trimtab.access.line import FIELDS

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/73e2d6bc24d8a067"

USUAL: dict[str, str] = {
    "type": "https",
    "time": "2026-03-02T12:04:00.186641Z",
    "elb": "app/shop/50dc6c495c0c9188",
    "client:port": "192.168.131.39:2817",
    "target:port": "10.0.0.1:8080",
    "request_processing_time": "0.001",
    "target_processing_time": "0.048",
    "response_processing_time": "0.000",
    "elb_status_code": "200",
    "target_status_code": "200",
    "received_bytes": "34",
    "sent_bytes": "366",
    '"request"': "GET https://www.example.com:443/ HTTP/1.1",
    '"user_agent"': "curl/7.46.0",
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "ssl_protocol": "TLSv1.2",
    "target_group_arn": GROUP,
    '"trace_id"': "Root=1-58337281-1d84f3d73c47ec4e58577259",
    '"domain_name"': "www.example.com",
    '"chosen_cert_arn"': "arn:aws:acm:eu-west-1:123456789012:certificate/1234",
    "matched_rule_priority": "1",
    "request_creation_time": "2026-03-02T12:03:59.364000Z",
    '"actions_executed"': "waf,forward",
    '"redirect_url"': "-",
    '"error_reason"': "-",
    '"target:port_list"': "10.0.0.1:8080",
    '"target_status_code_list"': "200",
    '"classification"': "-",
    '"classification_reason"': "-",
    "conn_trace_id": "TID_1234abcd5678ef90",
    '"transformed_host"': "-",
    '"transformed_uri"': "-",
    '"request_transform_status"': "-",
}


def a_line(fields: int = len(FIELDS), **different: str) -> bytes:
    """A line of the first ``fields`` fields; ``target_port`` stands for ``target:port``."""
    values = dict(USUAL)
    for given, value in different.items():
        values[_NAMES[given]] = value
    words = [f'"{values[f]}"' if f.startswith('"') else values[f] for f in FIELDS[:fields]]
    return " ".join(words).encode()


_NAMES = {field.strip('"').replace(":", "_"): field for field in FIELDS}


def a_file(lines: Iterable[bytes]) -> bytes:
    return gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)
