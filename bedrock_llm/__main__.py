"""`python -m bedrock_llm`: the same as the `bedrock-llm` command."""

from __future__ import annotations

from bedrock_llm.cli.main import main

if __name__ == "__main__":
    main()
