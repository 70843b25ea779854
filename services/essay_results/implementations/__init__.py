"""The query over the result aggregator's own tables."""
