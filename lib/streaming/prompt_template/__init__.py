"""Author templates: Jinja2's syntax, our own meaning.

Jinja2 lends its lexer and its parser, nothing else: no template is ever turned into Python. A source becomes tokens
(`dollar_syntax` reads `${name}` and hyphenated names), a tree (`syntax`), a list of problems (`allow_list`) and, only
when that list is empty, closures over plain values (`expressions`, `statements`) that pay for every step and every
character out of one allowance (`work`). What a template cannot pay for ends as a problem, so no child process is
needed. `template` and `cache` are the way in; `problems` is what comes back.
"""
