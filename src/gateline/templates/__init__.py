"""TEMPLATES: mapping templates (VTL), JSONPath, and Java's regular expressions, as API Gateway runs them.

*Law:* pure, and bounded: no template takes more steps, time or text than it is given, whatever a client sends; and
nothing of Python can be reached from a template: what it may call stands in tables, and there is no reflection.

Front door: `template.parse` (text to `Template`), `rendering.render` (a template and a request to text),
`jsonpath.parse_path`, `json_text.read` and `json_text.write`, `expression.Expression`.
"""
