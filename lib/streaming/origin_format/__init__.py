"""The file in which assistants leave and enter other systems of this kind: JSON, version "1.0", snake_case.

```
{"version": "1.0", "exported_at", "export_source", "assistants": [{
   "name", "description", "status", "image_path", "is_parallel", "timeout_seconds",
   "prompts": [{"name", "content", "system_context", "model_name", "position", "parallel_group", "input_mapping",
                "timeout_seconds"}],
   "input_fields": [{"name", "label", "field_type", "position", "options"}]}]}
```

What the format leaves open is decided here, once:

* Prompts at one `position` run together. Files differ in what `parallel_group` means: some give every prompt of a
  position a group of its own, others put prompts of different positions into one group to run them together. So prompts
  that share a group move to the lowest position among them, and then only positions count.
* `input_mapping` names prompts by ids of the system the file came from, which here belong to nobody or to the wrong
  prompt. Only mappings to input fields are kept; one that was needed is a problem.
* `options` come in three shapes: `{"values": […]}`, `[{"label", "value"}]`, and the members of the definition format.
* `status`, `is_parallel` and `image_path` mean nothing here: an import always waits for approval.
"""
