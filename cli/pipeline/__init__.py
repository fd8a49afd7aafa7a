"""`design-backend pipeline`: what infra/pipelines/design-prds.yml runs on an agent of Azure DevOps."""
