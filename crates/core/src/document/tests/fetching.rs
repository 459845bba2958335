//! Macros in requests, `incremental`, and what of files is read.

use super::checked;

#[test]
fn macros_are_known_where_they_can_be_used() {
    let found = checked(
        r#"kind: application
name: hr
authorization: { type: bearer, value: "{{ secret('hr') }}{{ last_run }}" }
headers: { X-Tenant: "{{ env('TENURE_VAR_TENANT') }} {{ since }}" }
endpoints:
  - name: people
    url: "https://hr.example.com/{{ reocrd.id }}/{{ env('TENURE_VAR_REGION') }}"
    method: POST
    query: { a: "{{ sinze }}", b: "{{ since }}", c: "{{ page.number }}", d: "{{ last_run | default('') }} {{ now }}" }
    headers: { X-A: "{{ email }}" }
    body: { filter: [{ x: "{{ departement }}" }] }
---
kind: data_source
name: people
application: hr
endpoints: [{ endpoint: people, primary_key: id }]
attributes: { employeeID: "{{ id }}-{{ env('TENURE_VAR_REGION') }}" }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:3:39: application `hr`, authorization.value: found `last_run`, which is no macro here; known are `now`; `secret(…)`, `env(…)` and lookup tables can be called, see `tenure macros`
    error: test.yaml:4:22: application `hr`, headers.X-Tenant: found `since`, which is no macro here; known are `now`; `secret(…)`, `env(…)` and lookup tables can be called, see `tenure macros`
    error: test.yaml:7:10: application `hr`, endpoints[0].url: found `reocrd`, which is no macro here; did you mean `record`?
    error: test.yaml:9:17: application `hr`, endpoints[0].query.a: found `sinze`, which is no macro here; did you mean `since`?
    error: test.yaml:9:35: application `hr`, endpoints[0].query.b: found `since` without `incremental`; say how far a fetch came: `incremental: { column: … }`, see docs/fetching.md
    error: test.yaml:9:53: application `hr`, endpoints[0].query.c: found `page` without `repeat`; say how the call repeats: `repeat: …`, or leave `page` out
    error: test.yaml:10:21: application `hr`, endpoints[0].headers.X-A: found `email`, which is no macro here; known are `now`, `last_run`, `since`, `record`, `page`; `secret(…)`, `env(…)` and lookup tables can be called, see `tenure macros`
    error: test.yaml:11:27: application `hr`, endpoints[0].body.filter[0].x: found `departement`, which is no macro here; known are `now`, `last_run`, `since`, `record`, `page`; `secret(…)`, `env(…)` and lookup tables can be called, see `tenure macros`
    error: test.yaml:17:27: data_source `people`, attributes.employeeID: found an environment variable, which only requests and connections have; the same records must give the same plan everywhere; use a lookup table instead
    "#);
}

#[test]
fn incremental_endpoints() {
    let found = checked(
        r#"kind: application
name: hr
endpoints:
  - name: nothing
    url: https://hr.example.com/people
    incremental: { column: changed, full_every: 0s }
  - name: both
    url: https://hr.example.com/people
    query: { after: "{{ since }}" }
    answer: csv
    repeat: { page: { parameter: page } }
    incremental: { column: "{{ a", delta_link: "$.a[0]", removed: "deleted == 1" }
  - name: each
    url: "https://hr.example.com/people/{{ record.id }}"
    query: { after: "{{ since }}" }
    for_each: { endpoint: good }
    incremental: {}
  - name: good
    url: https://hr.example.com/people
    headers: { If-Modified-Since: "{{ since | format_date('%a, %d %b %Y %H:%M:%S GMT', 'UTC') }}" }
    incremental: { overlap: 10m, id: uuid, removed: "record.deleted", full_every: 2d }
  - { name: more, url: "https://hr.example.com/more" }
---
kind: data_source
name: people
application: hr
endpoints: [{ endpoint: good, primary_key: id }, { endpoint: more, primary_key: id }]
attributes: { employeeID: id }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:6:18: application `hr`, endpoints[0].incremental: found `incremental`, and nothing names `since`; say what is sent, for example `query: { changedAfter: "{{ since }}" }`
    error: test.yaml:6:49: application `hr`, endpoints[0].incremental.full_every: found no time at all; write for example `1d`, or leave `incremental` out
    error: test.yaml:12:28: application `hr`, endpoints[1].incremental.column: found `{{ a`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:12:48: application `hr`, endpoints[1].incremental.delta_link: found `$.a[0]`, which does not lead to one value; write a JSONPath of names, for example `$['@odata.deltaLink']`
    error: test.yaml:12:48: application `hr`, endpoints[1].incremental.delta_link: found `delta_link` with `since`; leave `since` out; the link says everything
    error: test.yaml:12:48: application `hr`, endpoints[1].incremental.delta_link: found `delta_link` with another answer than JSON; leave it out
    error: test.yaml:12:48: application `hr`, endpoints[1].incremental.delta_link: found `delta_link` with another kind of `repeat`; repeat by `next_link`, which leads from where the link begins
    error: test.yaml:12:48: application `hr`, endpoints[1].incremental.delta_link: found both `column` and `delta_link`; keep one of them
    error: test.yaml:12:67: application `hr`, endpoints[1].incremental.removed: found `deleted`; a record is called `record` here, for example `record['@removed']`
    error: test.yaml:17:18: application `hr`, endpoints[2].incremental: found `incremental` with `for_each`; leave out one of them; what is called for each record of another endpoint is always whole
    warning: test.yaml:27:25: data_source `people`, endpoints[0].endpoint: found `good`, which is incremental, among several endpoints; all of it is fetched each time, since records of several endpoints are joined
    "#);
}

#[test]
fn files() {
    let file = |file: &str| {
        checked(&format!(
            "kind: data_source\nname: people\nfile: {{ primary_key: id, {file} }}\nattributes: {{ employeeID: id }}\n"
        ))
    };
    for good in [
        "path: a.xlsx, format: xlsx",
        "path: a.xlsx, format: xlsx, xlsx: { sheet: Staff, header_row: 3 }",
        "path: a.xlsx, format: xlsx, xlsx: { sheet: 2 }",
        "path: inbox/*.xlsx, format: xlsx, read: new_files_only",
        "path: a.csv, format: csv, read: appended_rows_only",
        "path: a.jsonl, read: appended_rows_only",
    ] {
        assert_eq!(file(good), "", "{good}");
    }
    let wrong: Vec<_> = [
        "path: a.csv, format: csv, xlsx: { sheet: 1 }",
        "path: a.xlsx, format: xlsx, xlsx: { sheet: 0, header_row: 0 }",
        "path: inbox/a.csv, format: csv, read: new_files_only",
        "path: inbox/*.csv, format: csv",
        "path: in*/*.csv, format: csv, read: new_files_only",
        "path: a.json, format: json, read: appended_rows_only",
        "path: a.csv, format: csv, csv: { encoding: utf-16le }, read: appended_rows_only",
    ]
    .map(file)
    .into();
    insta::assert_snapshot!(wrong.join("\n"), @r#"
    error: test.yaml:3:58: data_source `people`, file.xlsx: found `xlsx` for a file of another format; leave it out, or write `format: xlsx`

    error: test.yaml:3:69: data_source `people`, file.xlsx.sheet: found the number 0; sheets are counted from 1
    error: test.yaml:3:84: data_source `people`, file.xlsx.header_row: found the number 0; write a number from 1 to 1048576

    error: test.yaml:3:32: data_source `people`, file.path: found the one file `inbox/a.csv`; write a pattern such as `inbox/*.csv`

    error: test.yaml:3:32: data_source `people`, file.path: found a pattern; name one file, or write `read: new_files_only`

    error: test.yaml:3:32: data_source `people`, file.path: found `in*/` as a folder; only the last part of a path may be a pattern

    error: test.yaml:3:60: data_source `people`, file.read: found `appended_rows_only` for this format; rows are added to files with `format: csv` and `format: json_lines` only

    error: test.yaml:3:87: data_source `people`, file.read: found `appended_rows_only` for UTF-16; save the file as UTF-8
    "#);
}
