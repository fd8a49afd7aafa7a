"""What deploys the product: templates, pipelines, package and scripts, as far as they can be tested without Azure."""
