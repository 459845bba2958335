//! Functions of days and moments. A day has no zone until it is given one; a moment shows the clocks of its own.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit, Zoned};

use super::function::{Call, Function, function};
use super::value::{Moment, Number, Value};
use crate::shape::shape;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "date(value, format=, zone=)",
        "A day or a moment. Without a format: ISO 8601 (`2026-11-01`, `2026-11-01T09:00:00+01:00`), LDAP's generalized \
         time, or a number of seconds or milliseconds since 1970. A time without an offset is one in the zone, else \
         in UTC.",
        "{{ '31.10.2026' | date('%d.%m.%Y') }}" => "2026-10-31",
        date
    ),
    function!(
        "format_date(value, format, zone=)",
        "A day or a moment as text, by a format as in `strftime`; a moment as the clocks of a zone show it.",
        "{{ '2026-11-01T23:30:00Z' | format_date('%d.%m.%Y %H:%M', 'Europe/Berlin') }}" => "02.11.2026 00:30",
        format_date
    ),
    function!(
        "in_zone(value, zone)",
        "A moment as the clocks of a zone show it; a day becomes the moment at which it begins there.",
        "{{ start | in_zone('Europe/Berlin') }}" => "2026-11-01T00:00:00+01:00",
        |call| {
            let (zone, moment) = (zone(&call.text(1)?)?, moment(call, 0)?);
            at(start(&moment, &zone)?.with_time_zone(zone))
        }
    ),
    function!(
        "date_add(value, amount)",
        "A day or a moment later, or earlier with `-`: `30d`, `-2 weeks`, `1y 6mo`, `8h`. What a month does not have \
         becomes its last day.",
        "{{ '2026-01-31' | date_add('1mo') }}" => "2026-02-28",
        date_add
    ),
    function!(
        "date_diff(later, earlier, unit=)",
        "How many whole `days`, `weeks`, `months`, `years`, `hours`, `minutes` or `seconds` lie between.",
        "{{ date_diff('2026-12-24', start) }}" => "53",
        date_diff
    ),
    function!(
        "start_of(value, unit, zone=)",
        "The first day of the `week` (Monday), `month` or `year`, or the day itself of a moment (`day`), in a zone.",
        "{{ now | start_of('month') }}" => "2026-11-01",
        start_of
    ),
    function!(
        "timestamp(value, zone=)",
        "The seconds since 1970 (UTC). A day begins in the zone, else in UTC.",
        "{{ start | timestamp('Europe/Berlin') }}" => "1793487600",
        |call| Ok(Value::Int(begun(call)?.timestamp().as_second()))
    ),
    function!(
        "filetime(value, zone=)",
        "The count of 100 ns since 1601 that Active Directory keeps, as in `accountExpires`.",
        "{{ '2026-11-01T00:00:00Z' | filetime }}" => "134379648000000000",
        |call| {
            let at = begun(call)?.timestamp().as_nanosecond() / 100 + EPOCH;
            i64::try_from(at).map(Value::Int).map_err(|_| "gives a number that is too large".into())
        }
    ),
    function!(
        "from_filetime(value)",
        "The moment of a count of 100 ns since 1601; 0 and the largest count mean never, which is no value.",
        "{{ 134379648000000000 | from_filetime }}" => "2026-11-01T00:00:00Z",
        from_filetime
    ),
    function!(
        "generalized_time(value, zone=)",
        "The moment as LDAP writes it (RFC 4517, section 3.3.13).",
        "{{ '2026-11-01T09:30:00+01:00' | generalized_time }}" => "20261101083000Z",
        |call| {
            let at = begun(call)?.timestamp().to_zoned(TimeZone::UTC);
            written("%Y%m%d%H%M%SZ", &Moment::At(Box::new(at))).map(Value::from)
        }
    ),
];

/// Between 1601 and 1970, in steps of 100 ns.
const EPOCH: i128 = 116_444_736_000_000_000;

/// From this number on, a count since 1970 must be of milliseconds: in seconds it would be the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// The day or moment that a text writes in ISO 8601 or as LDAP's generalized time; a time without offset is UTC's.
pub(super) fn parse(text: &str) -> Option<Moment> {
    parse_in(text, &TimeZone::UTC)
}

fn parse_in(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if text.bytes().take_while(u8::is_ascii_digit).count() >= 14 {
        return generalized(text);
    }
    // A day by itself: `2026-11-01` or `20261101`.
    if text.len() <= 10 {
        return text.parse::<Date>().ok().map(Moment::Day);
    }
    if let Ok(at) = text.parse::<Zoned>() {
        return Some(Moment::At(Box::new(at)));
    }
    if text.ends_with(['Z', 'z']) {
        return text
            .parse::<Timestamp>()
            .ok()
            .map(|at| Moment::At(Box::new(at.to_zoned(TimeZone::UTC))));
    }
    let offset = strtime::parse("%Y-%m-%dT%H:%M:%S%.f%:z", text.replacen(' ', "T", 1)).ok();
    if let Some(at) = offset.and_then(|parsed| parsed.to_zoned().ok()) {
        return Some(Moment::At(Box::new(at)));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Moment::At(Box::new(at.to_zoned(TimeZone::UTC))));
    }
    let local = text.parse::<DateTime>().ok()?;
    local
        .to_zoned(zone.clone())
        .ok()
        .map(|at| Moment::At(Box::new(at)))
}

/// `20261101083000Z`, with a fraction or an offset (RFC 4517, section 3.3.13).
fn generalized(text: &str) -> Option<Moment> {
    let (digits, rest) = text.split_at_checked(14)?;
    let rest = rest.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let local = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let zone = match rest {
        "" | "Z" => TimeZone::UTC,
        offset => {
            let (sign, digits) = offset.split_at_checked(1)?;
            let sign = match sign {
                "+" => 1,
                "-" => -1,
                _ => return None,
            };
            let hours: i32 = digits.get(..2)?.parse().ok()?;
            let minutes: i32 = if digits.len() > 2 {
                digits.get(2..)?.parse().ok()?
            } else {
                0
            };
            if !(0..24).contains(&hours) || !(0..60).contains(&minutes) {
                return None;
            }
            TimeZone::fixed(jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?)
        }
    };
    local.to_zoned(zone).ok().map(|at| Moment::At(Box::new(at)))
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name.trim()).map_err(|_| {
        format!("does not know the time zone `{name}`; write one such as `Europe/Berlin` or `UTC`")
    })
}

/// Takes an argument as a zone, UTC when it is left out.
fn zone_argument(call: &mut Call<'_, '_>, place: usize) -> Result<TimeZone, String> {
    if call.has(place) {
        zone(&call.text(place)?)
    } else {
        Ok(TimeZone::UTC)
    }
}

/// Takes an argument as a day or moment.
fn moment(call: &mut Call<'_, '_>, place: usize) -> Result<Moment, String> {
    moment_in(call, place, &TimeZone::UTC)
}

fn moment_in(call: &mut Call<'_, '_>, place: usize, zone: &TimeZone) -> Result<Moment, String> {
    match call.take(place) {
        Value::Moment(moment) => Ok(moment),
        Value::Int(number) => since_1970(number, zone),
        Value::Text(text) => parse_in(&text, zone).ok_or_else(|| {
            format!(
                "cannot read `{}` as a date; say its format, as in `date('%d.%m.%Y')`",
                shape(&text)
            )
        }),
        other => Err(format!("needs a date, found {}", other.kind())),
    }
}

fn since_1970(number: i64, zone: &TimeZone) -> Result<Moment, String> {
    let at = if number.unsigned_abs() < MILLISECONDS_FROM.unsigned_abs() {
        Timestamp::from_second(number)
    } else {
        Timestamp::from_millisecond(number)
    };
    let at = at.map_err(|_| {
        "cannot read a number as large as this as a count of seconds or milliseconds since 1970".to_owned()
    })?;
    Ok(Moment::At(Box::new(at.to_zoned(zone.clone()))))
}

fn start(moment: &Moment, zone: &TimeZone) -> Result<Zoned, String> {
    moment
        .start(zone)
        .ok_or_else(|| "cannot place it in a time zone".to_owned())
}

/// The moment at which the first argument begins, in the zone of the second.
fn begun(call: &mut Call<'_, '_>) -> Result<Zoned, String> {
    let zone = zone_argument(call, 1)?;
    let moment = moment_in(call, 0, &zone)?;
    start(&moment, &zone)
}

#[expect(clippy::unnecessary_wraps, reason = "it ends functions that may fail before")]
fn at<'a>(at: Zoned) -> Result<Value<'a>, String> {
    Ok(Value::Moment(Moment::At(Box::new(at))))
}

/// The other side's library quotes the text in its own words, which are left out.
fn unreadable(text: &str) -> String {
    format!(
        "cannot read `{}` as a date, which is not a day of the calendar or lacks a part",
        shape(text)
    )
}

fn date<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let in_zone = zone_argument(call, 2)?;
    if !call.has(1) {
        return moment_in(call, 0, &in_zone).map(Value::Moment);
    }
    let (text, format) = (call.text(0)?, call.text(1)?);
    let parsed = strtime::parse(&*format, text.trim()).map_err(|_| {
        format!(
            "cannot read `{}` as a date in the format `{format}`",
            shape(&text)
        )
    })?;
    if parsed.offset().is_some() || parsed.iana_time_zone().is_some() {
        let at = parsed.to_zoned().map_err(|_| unreadable(&text))?;
        return Ok(Value::Moment(Moment::At(Box::new(at))));
    }
    if parsed.hour().is_some() {
        let local = parsed.to_datetime().map_err(|_| unreadable(&text))?;
        return at(local
            .to_zoned(in_zone)
            .map_err(|_| format!("cannot place `{}` in its zone", shape(&text)))?);
    }
    let day = parsed.to_date().map_err(|_| unreadable(&text))?;
    Ok(Value::Moment(Moment::Day(day)))
}

fn written(format: &str, moment: &Moment) -> Result<String, String> {
    // A width in a format can ask for far more text than it is long.
    if format.len() > 256
        || format
            .split('%')
            .skip(1)
            .any(|part| part.bytes().filter(u8::is_ascii_digit).count() > 3)
    {
        return Err("needs a shorter format".into());
    }
    let made = match moment {
        Moment::Day(day) => strtime::format(format, *day),
        Moment::At(at) => strtime::format(format, &**at),
    };
    made.map_err(|error| format!("cannot write {moment} in the format `{format}`: {error}"))
}

fn format_date<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let format = call.text(1)?;
    let moment = if call.has(2) {
        let zone = zone(&call.text(2)?)?;
        match moment_in(call, 0, &zone)? {
            Moment::At(at) => Moment::At(Box::new(at.with_time_zone(zone))),
            day @ Moment::Day(_) => day,
        }
    } else {
        moment(call, 0)?
    };
    written(&format, &moment).map(Value::from)
}

/// Reads `1y 6mo -2 weeks`: numbers with units, a sign standing for all that follow it.
fn amount(text: &str) -> Result<Span, String> {
    let wrong =
        || format!("cannot read `{text}` as an amount of time; write it as `30d`, `-2 weeks` or `1y 6mo`");
    let (mut span, mut sign, mut rest, mut any) = (Span::new(), 1_i64, text.trim(), false);
    let mut totals = [0_i64; 7];
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['+', '-']) {
            sign = if rest.starts_with('-') { -1 } else { 1 };
            rest = after.trim_start();
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let after = after.trim_start();
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at_checked(letters).ok_or_else(wrong)?;
        let place = match unit.to_ascii_lowercase().as_str() {
            "y" | "year" | "years" => 0,
            "mo" | "month" | "months" => 1,
            "w" | "week" | "weeks" => 2,
            "d" | "day" | "days" => 3,
            "h" | "hour" | "hours" => 4,
            "min" | "minute" | "minutes" => 5,
            "s" | "second" | "seconds" => 6,
            "m" => {
                return Err(format!(
                    "cannot tell what `m` is in `{text}`; write `mo` for months, `min` for minutes"
                ));
            }
            _ => return Err(wrong()),
        };
        if let Some(total) = totals.get_mut(place) {
            *total = total.checked_add(sign * number).ok_or_else(wrong)?;
        }
        any = true;
        rest = after.trim_start();
    }
    if !any {
        return Err(wrong());
    }
    let [years, months, weeks, days, hours, minutes, seconds] = totals;
    let mut set = |made: Result<Span, jiff::Error>| made.map(|made| span = made).map_err(|_| wrong());
    set(Span::new()
        .try_years(years)
        .and_then(|span| span.try_months(months))
        .and_then(|span| span.try_weeks(weeks)))?;
    let made = span
        .try_days(days)
        .and_then(|span| span.try_hours(hours))
        .and_then(|span| span.try_minutes(minutes));
    made.and_then(|span| span.try_seconds(seconds))
        .map_err(|_| wrong())
}

fn date_add<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (text, moment) = (call.text(1)?, moment(call, 0)?);
    let span = amount(&text)?;
    let beyond = |_| format!("cannot add `{text}`: that is no date any more");
    let has_time = span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0;
    match &moment {
        Moment::Day(_) if has_time => {
            Err("needs a moment to add hours to, found a day; write `| in_zone('…')` first".into())
        }
        Moment::Day(day) => day
            .checked_add(span)
            .map(|day| Value::Moment(Moment::Day(day)))
            .map_err(beyond),
        Moment::At(zoned) => at(zoned.checked_add(span).map_err(beyond)?),
    }
}

fn date_diff<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let unit = call.text_or(2, "days")?;
    let (later, earlier) = (moment(call, 0)?, moment(call, 1)?);
    let unit = match &*unit {
        "years" | "year" => Unit::Year,
        "months" | "month" => Unit::Month,
        "weeks" | "week" => Unit::Week,
        "days" | "day" => Unit::Day,
        "hours" | "hour" => Unit::Hour,
        "minutes" | "minute" => Unit::Minute,
        "seconds" | "second" => Unit::Second,
        other => {
            return Err(format!(
                "needs a unit such as `days`, `months` or `hours`, found `{other}`"
            ));
        }
    };
    // Days lie between days, by the clocks of the one that is a moment.
    let zone = match (&later, &earlier) {
        (Moment::At(at), _) | (_, Moment::At(at)) => at.time_zone().clone(),
        _ => TimeZone::UTC,
    };
    let earlier = start(&earlier, &zone)?.with_time_zone(zone.clone());
    let later = start(&later, &zone)?.with_time_zone(zone);
    let span = earlier
        .until((unit, &later))
        .map_err(|error| format!("cannot count what lies between: {error}"))?;
    Ok(Value::Int(match unit {
        Unit::Year => i64::from(span.get_years()),
        Unit::Month => i64::from(span.get_months()),
        Unit::Week => i64::from(span.get_weeks()),
        Unit::Day => i64::from(span.get_days()),
        Unit::Hour => i64::from(span.get_hours()),
        Unit::Minute => span.get_minutes(),
        _ => span.get_seconds(),
    }))
}

fn start_of<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let unit = call.text(1)?;
    let day = if call.has(2) {
        let zone = zone(&call.text(2)?)?;
        match moment_in(call, 0, &zone)? {
            Moment::Day(day) => day,
            Moment::At(at) => at.with_time_zone(zone).date(),
        }
    } else {
        match moment(call, 0)? {
            Moment::Day(day) => day,
            Moment::At(at) => at.date(),
        }
    };
    let day = match &*unit {
        "day" => day,
        "week" => {
            let since = i64::from(day.weekday().to_monday_zero_offset());
            day.checked_sub(Span::new().days(since))
                .map_err(|_| "goes before the first date".to_owned())?
        }
        "month" => day.first_of_month(),
        "year" => day.first_of_year(),
        other => return Err(format!("needs `day`, `week`, `month` or `year`, found `{other}`")),
    };
    Ok(Value::Moment(Moment::Day(day)))
}

fn from_filetime<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let Some(Number::Int(count)) = call.args.first().and_then(Value::number) else {
        return Err(format!(
            "needs a whole number, found {}",
            call.args.first().map_or("no value", Value::kind)
        ));
    };
    if count == 0 || count == i64::MAX {
        return Ok(Value::Missing(Cow::Borrowed("")));
    }
    let moment = Timestamp::from_nanosecond((i128::from(count) - EPOCH) * 100);
    moment
        .map(Value::from)
        .map_err(|_| format!("cannot read {count} as a count of 100 ns since 1601"))
}
