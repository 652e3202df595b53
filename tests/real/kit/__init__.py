"""What the cases are built with: processes, certificates, network namespaces, and sidetone itself."""
