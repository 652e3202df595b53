"""What the tests of the dashboards are made of: schemas, lint rules, queries, and a stack that has had good and bad days."""
