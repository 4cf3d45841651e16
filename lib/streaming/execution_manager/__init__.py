"""Who runs an execution: claims it, chains its prompts, keeps its lease, ends it exactly once.

Theory of operation. A ticket from the queue makes `ExecutionManager.run` claim the row and start an
`ExecutionRun`: one supervised task that walks the chain position by position. Everything that may end it early (a
stop, the execution's clock, a drain, a lost lease) records an `Ending` first and then cancels the task; the first
ending wins. Only when the task has settled, and so every upstream connection is closed, does the run write its
terminal state: live attempts, row and last event in one commit. A run that lost its lease writes nothing.
"""
