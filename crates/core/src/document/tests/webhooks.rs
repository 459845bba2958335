//! Webhooks of applications, and the steps that call them.

use super::{checked, lines, loaded};

#[test]
fn webhooks() {
    let found = checked(
        r#"kind: application
name: desk
private_addresses: allowed
webhooks:
  - name: a/b
    url: https://{{ company }}.example.com/x
    headers: { "a b": c, Idempotency-Key: x }
    idempotency_header: idempotency-key
    body: { a: "{{ b", status: "{{ status }}", who: "{{ person.age }} {{ account }}", of: "{{ captured.other }}" }
    success: "1 == 1"
    capture: { "1st": "{{ answer.id }}", fixed: id, own: "{{ mail }}", secret: "{{ secret('x') }}" }
    in_doubt: repeat
  - name: get
    method: GET
    url: "{{ secret('where') }}"
    message: json
    body: {}
  - name: get
    url: https://desk.example.com/{{ mail }}
    message: soap
    success: "person.key == 'x' and status == 200"
  - name: list
    url: https://desk.example.com
    message: form
    body: [1]
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:5:11: application `desk`, webhooks[0].name: found `a/b` as a name; write a short name, for example `create-contact`
    error: test.yaml:6:10: application `desk`, webhooks[0].url: found a host that depends on the account; write the host out, or take it from a secret or a lookup by a fixed key
    error: test.yaml:7:23: application `desk`, webhooks[0].headers["a b"]: found `a b` as a header's name; write letters, digits and hyphens
    warning: test.yaml:7:43: application `desk`, webhooks[0].headers.Idempotency-Key: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    error: test.yaml:8:25: application `desk`, webhooks[0].idempotency_header: found `idempotency-key`, which `headers` has too; leave it out of `headers`; its value is made for each operation
    error: test.yaml:9:16: application `desk`, webhooks[0].body.a: found `{{ b`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:9:32: application `desk`, webhooks[0].body.status: found `status`, and there is no answer before the request; only `success` and `capture` can name it
    error: test.yaml:9:53: application `desk`, webhooks[0].body.who: found `account`; write `account.dn` or `account.id`
    error: test.yaml:9:53: application `desk`, webhooks[0].body.who: found `person.age`; write `person.key` or `person.name`
    warning: test.yaml:9:91: application `desk`, webhooks[0].body.of: found `captured.other`, which no webhook or script captures; add it to `capture` of the webhook or script that comes before
    error: test.yaml:10:14: application `desk`, webhooks[0].success: found `1 == 1`, which does not ask for the answer; write for example `status == 201` or `answer.ok`
    error: test.yaml:11:23: application `desk`, webhooks[0].capture.1st: found `1st` as a name; write letters, digits and `_`, for example `contact_id`
    error: test.yaml:11:49: application `desk`, webhooks[0].capture.fixed: found `id`, which is always the same; write for example `{{ answer.id }}`
    error: test.yaml:11:58: application `desk`, webhooks[0].capture.own: found `mail`, which is not of the answer; name `status`, `headers` or `answer`, for example `answer.id`
    error: test.yaml:11:80: application `desk`, webhooks[0].capture.secret: found a secret, which would become visible here; secrets can be used in applications and in `bind` of directories
    error: test.yaml:15:10: application `desk`, webhooks[1].url: found `{{ secret('where') }}`, of which the host is not known; write the address out, beginning with `https://`; expressions may stand after the host
    error: test.yaml:16:14: application `desk`, webhooks[1].message: found a message with `method: GET`; leave it out, or write `method: POST`
    error: test.yaml:17:11: application `desk`, webhooks[1].body: found a body with `method: GET`; leave it out, or write `method: POST`
    error: test.yaml:18:11: application `desk`, webhooks[2].name: found a second webhook `get`; give one of them another name
    error: test.yaml:20:14: application `desk`, webhooks[2].message: found a message without a `body`; write the text as `body`
    error: test.yaml:21:14: application `desk`, webhooks[2].success: found `person`, which is not of the answer; name `status`, `headers` or `answer`, for example `answer.id`
    error: test.yaml:25:11: application `desk`, webhooks[3].body: found something else than fields; write names with values, for example `body: { status: active }`
    "#);
}

#[test]
fn steps_that_call() {
    let found = checked(
        r#"kind: application
name: desk
webhooks:
  - { name: create, url: "https://desk.example.com/create" }
---
kind: policy
name: leaving
steps:
  - call_webhook: desk/create
    after: 30d
  - call_webhook: { application: desk, webhook: creat }
  - delete: {}
  - call_webhook: desk/create
  - call_webhook: nobody/create
---
kind: automation
name: staff
source: people
directory: corp
correlate: [mail]
rules:
  joiner:
    - call_webhook: desk/create
    - create_account: { template: staff }
    - call_webhook: desk/create
      after: 1d
  mover:
    - call_webhook: desk/create
      after: 1d
  leaver: { policy: leaving }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:11:19: policy `leaving`, steps[1].call_webhook: found `creat`, and application `desk` has no such webhook; did you mean `create`?
    error: test.yaml:13:19: policy `leaving`, steps[3].call_webhook: found a call after the account is deleted; write it before `delete`
    error: test.yaml:14:19: policy `leaving`, steps[4].call_webhook: found a call after the account is deleted; write it before `delete`
    warning: test.yaml:14:19: policy `leaving`, steps[4].call_webhook: found application `nobody`, of which there is no usable document; add a document with `kind: application` and `name: nobody`
    warning: test.yaml:18:9: automation `staff`, source: found data_source `people`, of which there is no usable document; add a document with `kind: data_source` and `name: people`
    warning: test.yaml:19:12: automation `staff`, directory: found directory `corp`, of which there is no usable document; add a document with `kind: directory` and `name: corp`
    error: test.yaml:23:21: automation `staff`, rules.joiner[0].call_webhook: found a call before there is an account; write it after `create_account`
    warning: test.yaml:24:35: automation `staff`, rules.joiner[1].create_account.template: found template `staff`, of which there is no usable document; add a document with `kind: template` and `name: staff`
    error: test.yaml:28:21: automation `staff`, rules.mover[0].call_webhook: found `after` for a call in a mover rule; such steps wait in joiner and leaver rules only; leave `after` out
    "#);
}

#[test]
fn a_call_is_written_short_or_long() {
    let (_, errors) = loaded(
        r"kind: policy
name: leaving
steps:
  - call_webhook: desk
  - call_webhook: { application: desk }
  - call_webhook: [desk, create]
",
    );
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:4:19: policy `leaving`, steps[0].call_webhook: found the text `desk`; write `application/webhook`, or `{ application: …, webhook: … }`
    error: test.yaml:5:19: policy `leaving`, steps[1].call_webhook: found no `webhook`; add `webhook`, which is needed here
    error: test.yaml:6:19: policy `leaving`, steps[2].call_webhook: found a list; write `application/webhook`, or `{ application: …, webhook: … }`
    "#);
}
