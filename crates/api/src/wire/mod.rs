//! Wire formats: JSON, YAML and protobuf readers that feed the schema walker.
