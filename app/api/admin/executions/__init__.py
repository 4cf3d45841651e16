"""/api/admin/executions: everybody's executions, and all there is to know of one."""
