//! The texts of the catalog.

/// Each entry's name with its text, in the order of their names.
pub(in super::super) const ENTRIES: [(&str, &str); 8] = [
    ("atera", include_str!("../../../../../catalog/atera.yaml")),
    ("entra-id", include_str!("../../../../../catalog/entra-id.yaml")),
    ("file", include_str!("../../../../../catalog/file.yaml")),
    ("haloitsm", include_str!("../../../../../catalog/haloitsm.yaml")),
    ("jumpcloud", include_str!("../../../../../catalog/jumpcloud.yaml")),
    ("remote", include_str!("../../../../../catalog/remote.yaml")),
    ("rest", include_str!("../../../../../catalog/rest.yaml")),
    ("scim", include_str!("../../../../../catalog/scim.yaml")),
];
