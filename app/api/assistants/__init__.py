"""/api/assistants: what authors build."""
