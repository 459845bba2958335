//! What scripts get, and what is made of what they leave.

use serde_json::{Value, json};
use tenure_core::outcome::Outcome;

use crate::yard::{KEY, SECRET, run, words};

#[tokio::test]
async fn a_script_gets_the_account_as_json_and_as_variables_and_nothing_of_the_servers_own() {
    let ran = run(
        "cat; echo; echo --; env; printf '%s\\n' \"$@\"",
        json!({ "arguments": ["--name", "{{ displayName }}", "{{ captured.contact }}", "7"] }),
        "Ada Byrne",
    )
    .await;
    assert!(ran.outcome.is_success(), "{}", words(&ran.outcome));
    let (output, errors) = ran.wrote.unwrap();
    assert_eq!(errors, "");
    let (input, rest) = output.split_once("\n--\n").unwrap();
    let rest = format!("\n{rest}");
    let input: Value = serde_json::from_str(input).unwrap();
    assert_eq!(
        input,
        json!({
            "account": { "dn": "CN=Ada,OU=Staff,DC=corp", "id": "a-1" },
            "attributes": { "displayName": ["Ada Byrne"], "proxyAddresses": ["a", "b"] },
            "person": { "key": "E-7", "name": "Ada Byrne" },
            "captured": { "contact": 77 },
            "run": "12",
            "idempotency_key": KEY,
        })
    );
    for line in [
        "TENURE_ACCOUNT_DN=CN=Ada,OU=Staff,DC=corp",
        "TENURE_ATTRIBUTE_DISPLAYNAME=Ada Byrne",
        "TENURE_ATTRIBUTE_PROXYADDRESSES=a\nb",
        "TENURE_CAPTURED_CONTACT=77",
        "TENURE_PERSON_KEY=E-7",
        "TENURE_RUN=12",
        "--name\nAda Byrne\n77\n7",
    ] {
        assert!(rest.contains(&format!("\n{line}\n")), "{line} is not in {rest}");
    }
    assert!(!rest.contains("CARGO"), "{rest}");
}

#[tokio::test]
async fn hostile_values_stay_values() {
    for name in [
        "$(touch pwned); `touch pwned`",
        "--help\n-rf /",
        "\"'\\ | & > x",
        "Ада 李 😀",
    ] {
        let ran = run(
            "printf %s \"$1\"; test \"$1\" = \"$TENURE_ATTRIBUTE_DISPLAYNAME\" && test ! -e pwned",
            json!({ "arguments": ["{{ displayName }}"] }),
            name,
        )
        .await;
        assert!(ran.outcome.is_success(), "{}", words(&ran.outcome));
        assert_eq!(ran.wrote.unwrap().0, name);
    }
    let zero = run("true", json!({ "arguments": ["{{ displayName }}"] }), "a\0b").await;
    assert!(
        words(&zero.outcome).contains("zero byte"),
        "{}",
        words(&zero.outcome)
    );
}

#[tokio::test]
async fn a_result_is_captured_and_success_is_what_the_document_says() {
    let text = "echo '{ \"mailbox\": \"ada@x\", \"size\": 5, \"ok\": false }'; exit 3";
    let capture = json!({ "mailbox": "{{ result.mailbox }}", "size": "{{ result.size }}", "none": "{{ result.none }}" });
    let ran = run(
        text,
        json!({ "success": "exit_code == 3", "capture": capture }),
        "Ada",
    )
    .await;
    assert_eq!(
        words(&ran.outcome),
        r#"answered exit code 3: { "mailbox": "ada@x", "size": 5, "ok": false } {"mailbox":"ada@x","size":5}"#
    );
    assert_eq!(ran.not_captured["none"], "`result.none` has no value");
    let ran = run(text, json!({ "success": "result.ok" }), "Ada").await;
    assert_eq!(
        words(&ran.outcome),
        r#"refused: exit code 3, and `result.ok` does not hold: { "mailbox": "ada@x", "size": 5, "ok": false }"#
    );
    let ran = run("echo nothing left >&2; exit 7", json!({}), "Ada").await;
    assert_eq!(words(&ran.outcome), "refused: exit code 7: nothing left");
    let ran = run("kill -9 $$", json!({}), "Ada").await;
    assert_eq!(words(&ran.outcome), "refused: it was ended by signal 9");
}

#[tokio::test]
async fn of_a_big_output_the_start_is_kept_and_the_script_is_not_held_up() {
    let text =
        "i=0; while [ $i -lt 300 ]; do printf '%01000d' 7; printf '%01000d' 8 >&2; i=$((i+1)); done; exit 0";
    let ran = run(text, json!({ "capture": { "a": "{{ result.a }}" } }), "Ada").await;
    let Outcome::Answered { answer, .. } = &ran.outcome else {
        panic!("{}", words(&ran.outcome));
    };
    assert!(answer.len() < 2_000, "{}", answer.len());
    assert!(ran.wrote.unwrap().0.len() <= 16 << 10);
    assert!(
        ran.not_captured["a"].contains("too long"),
        "{:?}",
        ran.not_captured
    );
}

#[tokio::test]
async fn a_secret_is_where_the_document_names_it_and_nowhere_else() {
    let ran = run(
        "test -n \"$API_KEY\" || exit 1; echo \"key $API_KEY\"; echo \"key $API_KEY\" >&2; exit \"$TENURE_PERSON_NAME\"",
        json!({ "environment": { "API_KEY": "{{ secret('api') }}" } }),
        "5",
    )
    .await;
    let all = format!("{ran:?}");
    assert!(
        words(&ran.outcome).contains("exit code 5: key …"),
        "{}",
        words(&ran.outcome)
    );
    assert!(!all.contains("7f3a") && !all.contains(SECRET), "{all}");
    assert_eq!(ran.script.unwrap().environment["API_KEY"], "…");
}
