"""Eventide: a short, personal evening reminder for people who get leg cramps at night.

The data flow, each step named alike in every folder:

1. A visitor fills in the form; `flows.requests` keeps it, looks up later who is known,
   and lets the answers wait, pending.
2. The link in the confirmation mail makes a subscriber (`flows.signup`).
3. `domain.night` turns zone and local time into the next instant a mail is due.
4. A tick asks `flows.plan` who is due; it is a query, never a list of jobs.
5. `domain.safety` takes away every tip this person may not be told.
6. `domain.choice` chooses tonight's few from the rest and says why.
7. One outbox row for (subscriber, night, kind) holds the choice: one mail or none.
8. A tick asks `flows.deliver` to claim rows, commit, compose and send them.
9. `mail.relays` says Accepted, Refused, Unsent or Unknown, and that is recorded.
10. `/manage` and `/unsubscribe` change or stop it; every reminder links to both.
    Answers open by a fresh link alone (`domain.access`).
11. `flows.bounces` reads what comes back, and ends the mails to whom it must.

Beside it, for whoever runs the service: `/operator` (`web.operator`) and `eventide check`
(`commands.doctor`) look on, and `store.deployment` says whether this database sends.
"""
