"""Mail that comes back, as real hosts write it."""

ADA = "ada@example.org"
BOUNCES = "bounce@bounce.eventide.example"


PLAIN = {
    "action": "failed",
    "status": "5.1.1",
    "diagnostic": "smtp; 550 5.1.1 no such user",
    "envid": "",
    "sender": "",
}


def report(to: str = BOUNCES, *, about: str = ADA, **said: str) -> bytes:
    """A delivery report of Postfix: that `about` refused the mail, sent to `to`."""
    said = {**PLAIN, "final": about, **said}
    named = f"Original-Recipient: rfc822;{about}\n" if about else ""
    return f"""Return-Path: <>
X-Original-To: {to}
Delivered-To: {to}
Received: by mail.example.org (Postfix)
\tid B091C222528; Tue, 24 Nov 2026 06:11:51 +0000 (UTC)
Date: Tue, 24 Nov 2026 06:11:51 +0000 (UTC)
From: Mail Delivery System <MAILER-DAEMON@mail.example.org>
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="ABC8A222133.1795500711/mail.example.org"
Content-Transfer-Encoding: 8bit
Message-Id: <20261124061151.B091C222528@mail.example.org>

This is a MIME-encapsulated message.

--ABC8A222133.1795500711/mail.example.org
Content-Description: Notification
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mail.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

--ABC8A222133.1795500711/mail.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Original-Envelope-Id: {said["envid"]}
X-Postfix-Queue-ID: ABC8A222133
X-Postfix-Sender: rfc822; bounce@bounce.eventide.example
Arrival-Date: Tue, 24 Nov 2026 06:11:51 +0000 (UTC)

Final-Recipient: rfc822; {said["final"]}
{named}Action: {said["action"]}
Status: {said["status"]}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: {said["diagnostic"]}

--ABC8A222133.1795500711/mail.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

Return-Path: <{said["sender"]}>
Received: from eventide.example (eventide.example [192.0.2.10])
\tby mail.example.org (Postfix) with ESMTP id ABC8A222133;
\tTue, 24 Nov 2026 06:11:51 +0000 (UTC)
Subject: Your evening reminder
Message-Id: <reminder.abc@eventide.example>
Date: Tue, 24 Nov 2026 06:11:51 +0000 (UTC)
From: Eventide <evening@eventide.example>

--ABC8A222133.1795500711/mail.example.org--
""".encode()


def complaint(
    sender: str = "", *, about: str = ADA, kind: str = "abuse", to: str = BOUNCES
) -> bytes:
    """A provider's word that somebody pressed "this is spam" (RFC 5965, B.2)."""
    named = f"Original-Rcpt-To: <{about}>\n" if about else ""
    return f"""From: <abusedesk@example.com>
Date: Thu, 26 Nov 2026 17:40:36 +0000
Subject: FW: Your evening reminder
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.10 on Thu, 26 Nov 2026 14:00:00 +0000.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{sender}>
{named}Arrival-Date: Thu, 26 Nov 2026 14:00:00 +0000
Source-IP: 192.0.2.10
Reported-Domain: eventide.example

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

Received: from mail.eventide.example (mail.eventide.example [192.0.2.10])
     by example.com with ESMTP id M63d4137594e46;
     Thu, 26 Nov 2026 14:00:00 +0000
From: Eventide <evening@eventide.example>
Subject: Your evening reminder
MIME-Version: 1.0
Content-type: text/plain

Good evening.

--part1_13d.2e68ed54_boundary--
""".encode()


VACATION = b"""From: Ada <ada@example.org>
To: bounce@bounce.eventide.example
Subject: I am away
Auto-Submitted: auto-replied

Back on Monday.
"""
A_PERSON = b"""From: Ada <ada@example.org>
To: bounce@bounce.eventide.example
Subject: Re: Your evening reminder

Please stop.
"""
WORDS_ONLY = b"""From: MAILER-DAEMON@example.org
To: bounce@bounce.eventide.example
Subject: failure notice
Auto-Submitted: auto-replied

Hi. This is the qmail-send program at example.org.

<ada@example.org>:
Sorry, no mailbox here by that name. (#5.1.1)
"""
