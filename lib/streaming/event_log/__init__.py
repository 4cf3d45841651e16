"""The event log: one writer with group commit, a shared tail in memory, readers that are cursors.

Theory of operation. An execution's one owner puts events into its `Appender` and goes on. A single
`GroupCommit` task takes what all appenders hold, has it committed in one transaction, and only then publishes it
to the execution's `Channel`: seen means stored. Nothing lingers: what gathers while a commit runs is the next
batch, so the load sets the batch size. A `Follower` is a cursor over numbers; it reads the channel's tail while it
keeps up and the store when it does not, so crossing from replay to live cannot lose or repeat an event.
"""
