"""The Helm chart: its generated files, and what checks it without a cluster."""
