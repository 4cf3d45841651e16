"""The nine invariants: what must hold of a server after a test, whatever the test did to it.

Every server that a test starts through `running_node`, `running_bench`, `running_cluster` or `watched_service` is watched: at the end
of the test, or of the server if that comes first, all nine are checked and every one that is broken is named.

1. No execution is live without a lease, and at the end none is live at all; no attempt is live under an ended one.
2. Exactly one terminal event, the last one, equal to the row; an ended row never changes again.
3. Events are numbered 1..n without a gap, in legal order, and the text stored is the text sent.
4. No transaction is open in the database.
5. No answer of a model service is under way.
6. Tasks and descriptors are back where they were before the test (two more at most).
7. No secret is in the logs, in the database (events among it) or in the body of an error.
8. The event loop kept nobody waiting for 100 ms twice, nor for 250 ms once.
9. A run of somebody else succeeds afterwards.

Nodes on one database need each other for a control run: a `fleet` is checked while all of it runs (`running_cluster`).
A node that only works has no API, so of it 5, 6, 8 and its log are checked.

`stored` holds 1 to 3, `at_rest` 4, `descriptors` 6, `secrets` 7, `loop_probe` and `observed_server` 6 and 8,
`control` 9; `watch` puts them together. tests/unit/invariants breaks each of them once.
"""
