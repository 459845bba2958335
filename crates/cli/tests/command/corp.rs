//! Documents that tests share: a file of people, the built-in directory, and how its accounts are made.

/// The built-in directory, `corp`.
pub const DIRECTORY: &str = "kind: directory
name: corp
type: local
base: DC=corp,DC=example
";

const PEOPLE: &str = "kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes: { employeeID: id, displayName: name, department: department }
";

const TEMPLATE: &str = r#"kind: template
name: staff
container: OU=Staff,DC=corp,DC=example
rdn: "{{ displayName }}"
unique: { sAMAccountName: "u{{ employeeID }}" }
"#;

/// The source `people`, the directory `corp`, and last the template `staff`.
pub fn documents() -> String {
    [PEOPLE, DIRECTORY, TEMPLATE].join("---\n")
}
