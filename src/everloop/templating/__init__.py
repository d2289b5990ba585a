"""The language of `template_language: jinja`, by MiniJinja, in processes of its own."""
