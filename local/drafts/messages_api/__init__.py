"""The Messages API of the offline model: server, batches, prompt cache, rate limits, models, and faults on request.

May import `drafting`, which writes the answers; nothing else of `local/drafts` imports this room. The server's class is
`server.DraftsServer`.
"""
