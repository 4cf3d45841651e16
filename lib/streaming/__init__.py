"""The streaming engine: durable, resumable, stoppable executions of prompt chains."""
