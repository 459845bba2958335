//! Channels, and who is told what runs did.

use super::checked;

#[test]
fn channels_and_what_goes_there() {
    let found = checked(
        r#"kind: channel
name: it
style: teams
url: http://chat.example.com/hook
field: text
idempotency_header: "a b"
---
kind: channel
name: hr
style: json
url: "{{ secret('hr') }}"
field: message
---
kind: notification
name: page
subject: News
html: <p>News</p>
---
kind: notification
name: first
subject: Welcome
text: "{{ password }}"
---
kind: policy
name: p
steps:
  - notify: { template: page, to: "channel:it" }
  - notify: { template: first, to: ["channel:hr", "channel:boss"] }
  - notify: { template: first, to: person }
"#,
    );
    insta::assert_snapshot!(found, @"
    warning: test.yaml:4:6: channel `it`, url: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    warning: test.yaml:4:6: channel `it`, url: found an address without encryption; everybody on the way can read messages, and post; write `https://`
    error: test.yaml:5:8: channel `it`, field: found `field` for a style that has its own form; only `style: json` has one; leave it out
    error: test.yaml:6:21: channel `it`, idempotency_header: found `a b`, which is no header; write for example `Idempotency-Key`
    error: test.yaml:27:35: policy `p`, steps[0].notify.to: found a channel for `page`, which has no `text`; add `text` to it; channels do not show HTML
    error: test.yaml:28:37: policy `p`, steps[1].notify.to[0]: found a channel for `first`, which has the first password; everybody in a channel reads it; send that by mail to one person
    error: test.yaml:28:51: policy `p`, steps[1].notify.to[1]: found a channel for `first`, which has the first password; everybody in a channel reads it; send that by mail to one person
    warning: test.yaml:28:51: policy `p`, steps[1].notify.to[1]: found channel `boss`, of which there is no usable document; add a document with `kind: channel` and `name: boss`
    warning: test.yaml:29:36: policy `p`, steps[2].notify.to: found no mail server that would send it; add a document with `kind: mail_server`
    ");
}

#[test]
fn who_is_told_of_runs() {
    let found = checked(
        r#"kind: channel
name: it
style: slack
url: "{{ secret('it') }}"
---
kind: notification
name: news
subject: "{{ headline }} {{ displayName }}"
text: "{% for change in changes %}{{ change.name }}{% endfor %}{{ now }}"
---
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes: { employeeID: id }
---
kind: directory
name: corp
type: local
base: DC=corp
---
kind: automation
name: staff
source: people
directory: corp
correlate: [employeeID]
rules: { leaver: [{ disable: {} }] }
notify:
  - { to: ["channel:it", it@example.com, manager, nobody] }
  - { when: [], to: [] }
  - { when: held, digest: person, to: [person, "{{ a"] }
  - { template: news, server: mail, to: "channel:it" }
"#,
    );
    insta::assert_snapshot!(found, @"
    warning: test.yaml:28:11: automation `staff`, notify[0].to: found no mail server that would send it; add a document with `kind: mail_server`
    error: test.yaml:28:42: automation `staff`, notify[0].to[2]: found `manager`; write an address such as `it@example.com`, or `channel:NAME`; `person` and `manager` need `digest: person`
    error: test.yaml:28:51: automation `staff`, notify[0].to[3]: found `nobody`; write an address such as `it@example.com`, or `channel:NAME`; `person` and `manager` need `digest: person`
    error: test.yaml:29:13: automation `staff`, notify[1].when: found an empty list; write some of `changes`, `held`, `failed` and `done`, or leave it out
    error: test.yaml:29:21: automation `staff`, notify[1].to: found nobody; write an address, or `channel:NAME`
    error: test.yaml:30:13: automation `staff`, notify[2].when: found `held`, which is said of runs and not of people; write `changes` or `failed`; leave `digest` out for a message about the whole run
    warning: test.yaml:30:39: automation `staff`, notify[2].to: found no mail server that would send it; add a document with `kind: mail_server`
    error: test.yaml:30:48: automation `staff`, notify[2].to[1]: found `{{ a`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:31:17: automation `staff`, notify[3].template: found `news`, whose subject names `displayName`; a message about a run can name `run`, `automation`, `headline`, `state`, `started_by`, `started_at`, `finished_at`, `error`, `counts`, `changes`, `more_changes`, `failures`, `more_failures`, `held`, `findings`, `more_findings`, `command`, `release`, `person`, `stage`
    error: test.yaml:31:31: automation `staff`, notify[3].server: found `server` beside `template`; the notification says which; leave one of them out
    ");
}
