//! What is wrong with single documents, presets, digests and schemas.

use super::super::{Document, Documents, Kind, Method, kinds, load, schema};
use super::{good, lines, loaded};

#[test]
fn everything_that_is_wrong_with_a_document_is_reported_at_once() {
    let (documents, errors) = loaded(
        r#"kind: application
name: jumpcloud
authorisation: { type: none }
authorization: { type: api_kee, add_to: heder }
endpoints:
  - name: users
    methd: GET
    url: [https://console.jumpcloud.com]
    repeat: { parameter: skip, increment: many, util: "page.records | length == 0" }
  - method: PUT
limits: { retries: -1, timeout: soon, total_time: 5m }
---
kind: directry
name: corp
---
name: nothing
---
kind: automation
name: corp
source: people
rules:
  joiner: create
  leaver: { police: standard }
guards: { disables: 150%, deletes: [5, lots] }
schedule: "*/15 * * * *"
---
- a list
---
kind: data_source
name: " people"
application: jumpcloud
attributes: { mail: email, Mail: other }
---
kind: lookup
name: fine
values: { a: 1.10 }
"#,
    );
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:3:1: application `jumpcloud`: found `authorisation`, which is not a field here; did you mean `authorization`?
    error: test.yaml:4:24: application `jumpcloud`, authorization.type: found the text `api_kee`; did you mean `api_key`?
    error: test.yaml:4:41: application `jumpcloud`, authorization.add_to: found the text `heder`; did you mean `header`?
    error: test.yaml:7:5: application `jumpcloud`, endpoints[0]: found `methd`, which is not a field here; did you mean `method`?
    error: test.yaml:8:10: application `jumpcloud`, endpoints[0].url: found a list; write a text
    error: test.yaml:9:43: application `jumpcloud`, endpoints[0].repeat.increment: found the text `many`; write a whole number, without quotes
    error: test.yaml:9:49: application `jumpcloud`, endpoints[0].repeat: found `util`, which is not a field here; did you mean `until`?
    error: test.yaml:10:5: application `jumpcloud`, endpoints[1]: found no `name`; add `name`, which is needed here
    error: test.yaml:10:5: application `jumpcloud`, endpoints[1]: found no `url`; add `url`, which is needed here
    error: test.yaml:10:13: application `jumpcloud`, endpoints[1].method: found the text `PUT`; write `GET` or `POST`
    error: test.yaml:11:20: application `jumpcloud`, limits.retries: found the number -1; write a whole number from 0 on, without quotes
    error: test.yaml:11:33: application `jumpcloud`, limits.timeout: found the text `soon`; write a span of time, for example `90s`, `15m`, `12h`, `30d` or `2w`
    error: test.yaml:13:7: document 2, kind: found `directry`, which is no kind; did you mean `directory`?
    error: test.yaml:16:1: document 3: found no `kind`; add `kind: …` with `application`, `data_source`, `directory`, `template`, `automation`, `policy`, `lookup`, `format`, `script`, `notification`, `mail_server`, `channel`, `share` or `fixture`
    error: test.yaml:18:1: automation `corp`: found no `directory`; add `directory`, which is needed here
    error: test.yaml:22:11: automation `corp`, rules.joiner: found the text `create`; write a list of steps, or the policy that has them (`{ policy: name }`)
    error: test.yaml:23:13: automation `corp`, rules.leaver: found `police`, which is not a field here; did you mean `policy`?
    error: test.yaml:24:21: automation `corp`, guards.disables: found the text `150%`; write a limit: a number of accounts (`50`), a part of the people (`5%`, 0% to 100%), or either within a span of time (`10% per 7d`)
    error: test.yaml:24:40: automation `corp`, guards.deletes[1]: found the text `lots`; write a limit: a number of accounts (`50`), a part of the people (`5%`, 0% to 100%), or either within a span of time (`10% per 7d`)
    error: test.yaml:25:11: automation `corp`, schedule: found the text `*/15 * * * *`; write a mapping: lines of `key: value`
    error: test.yaml:27:1: document 5: found a text or list as a document; a document is a mapping that begins with `kind` and `name`
    error: test.yaml:30:7: data_source ` people`, name: found the name " people"; write a name without spaces around it
    error: test.yaml:32:28: data_source ` people`, attributes.Mail: found `Mail`, which is `mail` of line 32 again; attributes have one name in any case; keep one of them
    "#);
    assert_eq!(documents.len(), 1);
    let Some(Document::Lookup(lookup)) = documents.get(Kind::Lookup, "fine") else {
        panic!("no lookup")
    };
    assert_eq!(lookup.values["a"].0, "1.10");
}

#[test]
fn a_text_that_is_no_yaml_gives_the_documents_before_it() {
    let (documents, errors) = loaded("kind: lookup\nname: a\nvalues: {}\n---\nkind: lookup\nname: [b\n");
    assert_eq!(documents.len(), 1);
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:6:7: found text that is not YAML (unclosed bracket '['); correct the YAML; texts with `: `, ` #`, `{`, `[`, `*`, `&` or `%` need quotes
    "#);
}

#[test]
fn json_is_read_like_yaml() {
    let documents = good(r#"{"kind": "lookup", "name": "a", "values": {"x": 1, "y": "z"}}"#);
    assert_eq!(documents, good("kind: lookup\nname: a\nvalues: { x: 1, y: z }"));
}

#[test]
fn keys_that_stand_twice_are_errors_with_both_lines() {
    let (_, errors) = loaded("kind: lookup\nname: a\nvalues:\n  x: 1\n  x: 2\n");
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:5:3: found `x` in lines 4 and 5; a key may stand only once in a mapping
    "#);
}

#[test]
fn a_name_that_two_documents_have_is_an_error_that_names_both_places() {
    let text = |value: &str| format!("kind: lookup\nname: ou\nvalues: {{ x: {value} }}\n");
    let (documents, errors) = load(&[("one.yaml".into(), text("1")), ("two.yaml".into(), text("2"))]);
    insta::assert_snapshot!(lines(&errors), @r#"
    error: two.yaml:2:7: lookup `ou`, name: found a second lookup `ou`; the first is in one.yaml:2:7; give one of them another name, or remove it
    "#);
    assert_eq!(documents.lookup("ou").unwrap().values["x"].0, "1");
}

#[test]
fn a_preset_fills_what_is_not_said() {
    let documents = good(
        r"kind: application
name: our-jumpcloud
preset: jumpcloud
headers: { x-org-id: '1' }
endpoints:
  - name: users
    query: { limit: 50 }
    repeat: { increment: 50 }
  - name: groups
    url: https://console.jumpcloud.com/api/v2/groups
",
    );
    let application = documents.application("our-jumpcloud").unwrap();
    assert_eq!(application.authorization.key.as_deref(), Some("x-api-key"));
    assert_eq!(application.headers.len(), 2);
    let names: Vec<_> = application
        .endpoints
        .iter()
        .map(|endpoint| endpoint.name.as_str())
        .collect();
    assert_eq!(names, ["users", "groups", "users-search", "group-members"]);
    let users = &application.endpoints[0];
    assert_eq!(
        (users.query["limit"].0.as_str(), users.query["sort"].0.as_str()),
        ("50", "_id")
    );
    assert_eq!(users.records, "$.results[*]");
    let repeat = users.repeat.as_ref().unwrap();
    assert_eq!(
        (repeat.parameter.as_deref(), repeat.increment),
        (Some("skip"), Some(50))
    );
    assert_eq!(application.endpoints[2].method, Method::Post);
}

#[test]
fn errors_of_a_filled_document_point_into_the_users_file() {
    let (_, errors) = loaded("kind: application\nname: a\npreset: jumpclout\n");
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:3:9: application `a`, preset: found `jumpclout`, which is not in the catalog; did you mean `jumpcloud`?
    "#);
    let (_, errors) = loaded(
        "kind: application\nname: a\npreset: jumpcloud\nendpoints:\n  - name: users\n    repeat: { increment: x }\n  - name: more\n",
    );
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:6:26: application `a`, endpoints[0].repeat.increment: found the text `x`; write a whole number, without quotes
    error: test.yaml:7:5: application `a`, endpoints[1]: found no `url`; add `url`, which is needed here
    "#);
}

const TWO: &str =
    "kind: lookup\nname: a\nvalues: { x: 1, y: 2 }\n---\nkind: policy\nname: p\nsteps: [{ disable: {} }]\n";

#[test]
fn the_digest_is_that_of_what_is_said() {
    let documents = good(TWO);
    let same = "# steps\nkind: policy\nname: p\nsteps:\n  - disable: {}\n---\nvalues:\n  y: '2'\n  x: \"1\"\nname: a\nkind: lookup\n";
    assert_eq!(documents.digest(), good(same).digest());
    assert_ne!(documents.digest(), good(&TWO.replace("y: 2", "y: 3")).digest());
    assert_eq!(documents.digest().len(), 64);
    assert!(
        documents
            .digest()
            .starts_with(&format!("{:016x}", documents.digest_start()))
    );
}

#[test]
fn documents_survive_being_stored() {
    let documents = good(TWO);
    let stored = Documents::from_json(&documents.to_json()).unwrap();
    assert_eq!(stored, documents);
    assert_eq!(stored.digest(), documents.digest());
    assert!(Documents::from_json("[{\"kind\": \"lookup\"}]").is_err());
}

#[test]
fn every_kind_has_a_schema_that_its_documents_fit() {
    for kind in kinds() {
        let schema = schema(kind).unwrap();
        assert_eq!(schema["properties"]["kind"]["const"], kind);
        assert_eq!(schema["required"][0], "kind");
        assert_eq!(schema["additionalProperties"], false);
        assert!(schema["properties"]["name"]["description"].is_string());
    }
    assert_eq!(schema("aplication"), None);
    for document in super::examples::all().iter() {
        let schema = schema(document.kind().name()).unwrap();
        let written = serde_json::to_value(document).unwrap();
        let written = written.as_object().unwrap();
        for field in written.keys() {
            assert!(
                schema["properties"].get(field).is_some(),
                "{field} of {}",
                document.kind()
            );
        }
        for needed in schema["required"].as_array().unwrap() {
            assert!(
                written.contains_key(needed.as_str().unwrap()),
                "{needed} of {}",
                document.kind()
            );
        }
    }
}
