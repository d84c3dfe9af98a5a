//! The front door: parts, what decides them, and limits.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use trueorder_core::encode::Options;
use trueorder_core::history::History;
use trueorder_core::judge::{Advance, Algorithm, JudgedPart, Limits, family, judge};
use trueorder_core::read::{self, Format, parse};
use trueorder_core::{Exhausted, Malformed, Verdict};

fn history(lines: &str) -> History {
    let bytes = lines.as_bytes().to_vec();
    parse(bytes, Some(Format::Jsonl), &read::Limits::default()).expect("a sound history")
}

/// One operation after another: process, f, key, request, answer.
fn sequence(operations: &[(u32, &str, &str, &str, &str)]) -> String {
    let mut lines = String::new();
    for (process, f, key, value, output) in operations {
        let line = format!(r#""process":{process},"f":"{f}","key":"{key}","value""#);
        writeln!(lines, r#"{{"type":"invoke",{line}:{value}}}"#).unwrap();
        writeln!(lines, r#"{{"type":"ok",{line}:{output}}}"#).unwrap();
    }
    lines
}

/// So many writes at once, with a read of each, and then a read of what nobody wrote. A value that
/// was written twice before keeps the monitor out.
fn hard(key: &str, first: u32, writers: u32) -> String {
    let mut lines = sequence(&[
        (first, "write", key, "-1", "-1"),
        (first, "write", key, "-1", "-1"),
    ]);
    for kind in ["invoke", "ok"] {
        for process in first..first + 2 * writers {
            let value = process / 2;
            let f = ["write", "read"][process as usize % 2];
            let line = format!(r#""process":{process},"f":"{f}","key":"{key}","value":{value}"#);
            writeln!(lines, r#"{{"type":"{kind}",{line}}}"#).unwrap();
        }
    }
    lines + &sequence(&[(first, "read", key, "null", "-2")])
}

fn limits() -> Limits {
    Limits {
        deadline: None,
        memory_bytes: usize::MAX,
        jobs: 2,
        cancel: Arc::default(),
    }
}

fn judged(history: &History, limits: &Limits) -> Result<Vec<JudgedPart>, Malformed> {
    let family = family("cas-register").expect("a native model");
    let advance = Advance::default();
    let parts = judge(history, family, &Options::new(b"{}"), limits, &advance);
    if let Ok(parts) = &parts {
        // Within a time, parts may be left out or searched twice.
        if limits.deadline.is_none() && !limits.cancel.load(Ordering::Relaxed) {
            assert_eq!(advance.parts_decided(), parts.len() as u64);
            assert_eq!(advance.operations_decided(), history.len() as u64);
            let configurations = |part: &JudgedPart| part.judgement.configurations;
            let searched: u64 = parts.iter().map(configurations).sum();
            assert!(advance.configurations() <= searched);
        }
    }
    parts
}

#[test]
fn each_key_is_judged_alone_and_in_order() {
    let history = history(&sequence(&[
        (0, "write", "y", "1", "null"),
        (0, "write", "x", "1", "null"),
        (1, "read", "y", "null", "1"),
        (1, "write", "x", "2", "null"),
        (2, "read", "x", "null", "1"),
    ]));
    let parts = judged(&history, &limits()).unwrap();
    let keys: Vec<_> = (parts.iter())
        .map(|part| history.key(part.key_row.unwrap()))
        .collect();
    assert_eq!(keys[0].as_text(), Some("y"));
    assert_eq!(keys[1].as_text(), Some("x"));
    assert_eq!(
        (&*parts[0].rows, &*parts[1].rows),
        (&[0, 2][..], &[1, 3, 4][..])
    );
    assert_eq!(parts[0].judgement.verdict, Verdict::Valid);
    assert_eq!(parts[0].judgement.order, [0, 2]);
    assert_eq!(parts[0].judgement.algorithm, Algorithm::Monitor("zones"));
    assert_eq!(parts[1].judgement.verdict, Verdict::Invalid);
    let certificate = &parts[1].judgement.certificates[0];
    assert!(certificate.rows.iter().all(|row| [1, 3, 4].contains(row)));
}

#[test]
fn what_the_monitor_leaves_open_is_searched() {
    let history = history(&sequence(&[
        (0, "write", "x", "1", "null"),
        (0, "write", "x", "1", "null"),
        (1, "read", "x", "null", "1"),
    ]));
    let [part] = <[_; 1]>::try_from(judged(&history, &limits()).unwrap()).unwrap();
    assert_eq!(part.judgement.algorithm, Algorithm::Search);
    assert!(!part.judgement.why.is_empty());
    assert_eq!(part.judgement.verdict, Verdict::Valid);
    assert_eq!(part.judgement.order, [0, 1, 2]);
}

#[test]
fn the_first_malformed_operation_is_told_by_its_row() {
    let history = history(&sequence(&[
        (0, "write", "x", "1", "null"),
        (0, "frob", "y", "1", "null"),
        (0, "frob", "x", "1", "null"),
    ]));
    let malformed = judged(&history, &limits()).unwrap_err();
    assert_eq!(malformed.row, Some(2), "{malformed}");
}

#[test]
fn how_many_threads_decide_makes_no_difference() {
    let keys: Vec<String> = (0..20).map(|key| format!("k{key}")).collect();
    let lines: String = (keys.iter().zip(0..))
        .map(|(key, number): (_, u32)| hard(key, 100 * number, 3 + number % 7))
        .collect();
    let history = history(&lines);
    let once = |jobs| {
        let limits = Limits { jobs, ..limits() };
        let mut parts = judged(&history, &limits).unwrap();
        for part in &mut parts {
            Arc::make_mut(&mut part.judgement).seconds = 0.0;
        }
        parts
    };
    assert_eq!(once(1), once(4));
}

#[test]
fn one_hard_part_does_not_cost_the_others_their_verdicts() {
    let lines = hard("hard", 0, 40)
        + &hard("easy", 100, 6)
        + &sequence(&[(200, "write", "easiest", "1", "1")]);
    let limits = Limits {
        deadline: Some(Instant::now() + Duration::from_millis(300)),
        ..limits()
    };
    let parts = judged(&history(&lines), &limits).unwrap();
    let verdicts: Vec<_> = parts.iter().map(|part| part.judgement.verdict).collect();
    let timeout = Verdict::Unknown(Exhausted::Timeout);
    assert_eq!(verdicts, [timeout, Verdict::Invalid, Verdict::Valid]);
    assert!(parts[0].judgement.configurations > 0 && parts[0].judgement.blocked.is_some());
}

#[test]
fn searches_keep_no_more_memory_than_they_may() {
    let lines = hard("a", 0, 40) + &hard("b", 100, 40);
    let limits = Limits {
        memory_bytes: 4 << 20,
        ..limits()
    };
    let parts = judged(&history(&lines), &limits).unwrap();
    for part in &parts {
        assert_eq!(part.judgement.verdict, Verdict::Unknown(Exhausted::Memory));
        assert!(
            part.judgement.peak_bytes <= 4 << 20,
            "{}",
            part.judgement.peak_bytes
        );
    }
}

#[test]
fn no_part_is_begun_when_time_is_up() {
    let limits = Limits {
        deadline: Some(Instant::now()),
        ..limits()
    };
    let lines: String = (0..100)
        .map(|key| sequence(&[(10 * key, "write", &format!("k{key}"), "1", "1")]))
        .collect();
    let parts = judged(&history(&lines), &limits).unwrap();
    assert_eq!(parts.len(), 100);
    for part in &parts {
        assert_eq!(part.judgement.verdict, Verdict::Unknown(Exhausted::Timeout));
        assert_eq!((part.rows.len(), part.judgement.stopped), (1, None));
    }
}

#[test]
fn a_judgement_that_is_cancelled_stops() {
    let limits = Limits {
        cancel: Arc::new(AtomicBool::new(true)),
        ..limits()
    };
    let parts = judged(&history(&hard("a", 0, 40)), &limits).unwrap();
    assert_eq!(
        parts[0].judgement.verdict,
        Verdict::Unknown(Exhausted::Cancelled)
    );
}

#[test]
fn a_history_too_long_to_split_in_time_is_one_undecided_part() {
    let mut lines = String::new();
    for row in 0..1 << 16 {
        let times = format!(r#""client":0,"call":{},"return":{}"#, 2 * row, 2 * row + 1);
        writeln!(
            lines,
            r#"{{{times},"f":"write","key":{row},"value":1,"out":null}}"#
        )
        .unwrap();
    }
    let history = parse(
        lines.into_bytes(),
        Some(Format::Ops),
        &read::Limits::default(),
    );
    let limits = Limits {
        deadline: Some(Instant::now()),
        ..limits()
    };
    let parts = judged(&history.unwrap(), &limits).unwrap();
    let [part] = <[_; 1]>::try_from(parts).unwrap();
    assert_eq!((part.key_row, part.rows.len()), (None, 1 << 16));
    let stopped = part.judgement.stopped.unwrap();
    assert_eq!(stopped.doing, "splitting the history into its parts");
    assert_eq!(part.judgement.verdict, Verdict::Unknown(Exhausted::Timeout));
}

#[test]
fn time_that_is_left_goes_to_the_parts_whose_share_was_too_small() {
    let mut lines = hard("hard", 0, 14);
    for key in 0..4000 {
        let key = format!("k{key}");
        let operations = [(9000, "write", &*key, "1", "1"); 60];
        lines += &sequence(&operations);
    }
    let limits = Limits {
        deadline: Some(Instant::now() + Duration::from_secs(20)),
        ..limits()
    };
    let parts = judged(&history(&lines), &limits).unwrap();
    let hard = &parts[0].judgement;
    assert_eq!(hard.verdict, Verdict::Invalid);
    let mut others = parts[1..].iter();
    assert!(others.all(|part| part.judgement.verdict == Verdict::Valid));
}
