"""The delivery pipeline that a deliverable describes, as Azure Pipelines would see it. Pure.

`located` reads the YAML, `templates` and `conditions` expand it, `stages` and `names` view it, `document` finds it all.
"""

from shared.formats.azure_pipelines.document import (
    Block,
    Pipeline,
    find_pipeline,
    main_block,
    pipeline_blocks,
    read_pipeline,
)

__all__ = ["Block", "Pipeline", "find_pipeline", "main_block", "pipeline_blocks", "read_pipeline"]
