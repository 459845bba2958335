//! `tenure applications`, and runs that are held while somebody has to agree.

use serde_json::json;

use crate::home::Home;

const DOCUMENTS: &str = "
kind: application
name: crm
private_addresses: allowed
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: http://127.0.0.1:9/agree
  token_url: http://127.0.0.1:9/token
  client_id: tenure
endpoints: [{ name: users, url: 'http://127.0.0.1:9/users' }]
---
kind: application
name: hr
authorization: { type: bearer, value: \"{{ secret('hr') }}\" }
endpoints: [{ name: users, url: 'https://hr.example.com/users' }]
---
kind: data_source
name: people
application: crm
endpoints: [{ endpoint: users, primary_key: id }]
attributes: { employeeID: id }
---
kind: directory
name: corp
type: local
base: DC=corp,DC=example
---
kind: automation
name: corp-from-crm
source: people
directory: corp
correlate: [employeeID]
rules: { mover: [{ modify_attributes: all }] }
";

#[test]
fn an_application_that_needs_authorization_is_listed_and_holds_runs() {
    let home = Home::new(&[("all.yaml", DOCUMENTS.to_owned())]);
    home.secret("hr", "hunter22-of-hr");
    let listed = home.run(&["applications"]).with(3);
    assert_eq!(
        listed.out,
        "crm  OAuth 2.0, somebody agrees, needs authorization: nobody has agreed yet\n  run `tenure authorize crm`\n\
         hr  bearer token\n"
    );

    let held = home.run(&["run", "corp-from-crm", "--yes"]).with(3);
    assert!(
        held.out.contains("it needs authorization: nobody has agreed yet")
            && held
                .out
                .contains("run `tenure authorize crm`; the next run goes on by itself")
            && !held.out.contains("--release")
            && !held.out.contains("nothing to do"),
        "{}",
        held.out
    );
    let runs = home.runs();
    assert_eq!((runs.len(), &runs[0]["state"]), (1, &json!("held")));
    assert_eq!(runs[0]["held"][0]["kind"], "authorization");
    let shown = home.show(&runs[0]);
    assert_eq!(shown["findings"][0]["kind"], "notice");
    let table = home.run(&["runs"]).with(0);
    assert!(table.out.contains("needs authorization"), "{}", table.out);
    let release = home
        .run(&["apply", &runs[0]["id"].to_string(), "--release"])
        .with(1);
    assert!(
        release.err.contains("authorize the application"),
        "{}",
        release.err
    );

    let listed = home.json(3, &["applications", "--json"]);
    let crm = &listed["applications"][0];
    assert_eq!(
        (
            &crm["application"],
            &crm["authorization"],
            &crm["authorized"],
            &crm["grant"]
        ),
        (
            &json!("crm"),
            &json!("oauth2"),
            &json!(false),
            &json!("authorization_code")
        )
    );
    assert!(crm["needs_authorization_since"].is_string(), "{crm}");
    assert_eq!(listed["applications"][1]["authorized"], json!(null));
    assert!(!listed.to_string().contains("hunter22"));
}
