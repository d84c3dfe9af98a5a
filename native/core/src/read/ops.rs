//! `ops`: one whole operation a line, with the times of its call and its return.
//!
//! Times alone order the endpoints. Where two are equal, calls rank before returns: operations
//! that touch at one instant are concurrent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::history::notation::json::Scanner;
use crate::history::{
    Builder, Columns, History, MalformedHistory, NO_TIME, Outcome, Row, Span, quoted,
};
use crate::operations::{PENDING, id};

use super::Limits;
use super::batch::{Batch, Taker};
use super::chunks::{Lines, in_order, is_blank, utf8_end};
use super::json_fields::{
    Fields, Place, Refusal, explain, process, text, too_long, value, whole, whole_or_value,
};

const FIELDS: [&str; 7] = ["client", "call", "return", "f", "key", "value", "out"];
/// A guess at a line's length.
const USUAL_LINE: usize = 80;
const REQUIRED: [usize; 4] = [0, 1, 2, 3];

pub(super) fn read(bytes: Vec<u8>, limits: &Limits) -> Result<History, MalformedHistory> {
    let mut taker = Taker::new(&bytes, 0);
    in_order(
        &bytes,
        0,
        |chunk| operations(&bytes, chunk, limits),
        |batch| taker.operations(batch),
    )?;
    let mut builder = taker.builder;
    sort(builder.columns());
    refuse_overlap(&mut builder)?;
    rank(builder.columns());
    Ok(builder.build(bytes, Span::NULL))
}

/// The operations of one chunk.
fn operations<'a>(bytes: &'a [u8], chunk: Range<usize>, limits: &Limits) -> Batch<'a, Row> {
    let utf8_end = utf8_end(bytes, chunk.clone());
    let mut batch = Batch::with_capacity(chunk.len() / USUAL_LINE);
    let mut scanner = Scanner::new(&[]);
    let mut fields = Fields::new(&FIELDS);
    let mut lines = Lines::new(bytes, chunk);
    for line in &mut lines {
        if line.range.len() > limits.max_line_bytes {
            batch.malformed = Some(too_long(line.number, limits.max_line_bytes));
            break;
        }
        if is_blank(&bytes[line.range.clone()]) {
            continue;
        }
        let place = Place {
            utf8: line.range.end <= utf8_end,
            range: line.range,
            line: line.number,
            terminated: line.terminated,
        };
        let read = operation(bytes, &place, &mut batch, &mut scanner, &mut fields);
        match read {
            Ok(row) if place.utf8 => batch.rows.push(row),
            Ok(_) => {
                let refusal = Refusal::Wrong(String::new(), None);
                batch.malformed = Some(explain(refusal, &place, bytes));
                break;
            }
            Err(refusal) => {
                batch.malformed = Some(explain(refusal, &place, bytes));
                break;
            }
        }
    }
    batch.lines = lines.counted();
    batch
}

fn operation<'a>(
    file: &'a [u8],
    line: &Place,
    batch: &mut Batch<'a, Row>,
    scanner: &mut Scanner<'a>,
    fields: &mut Fields,
) -> Result<Row, Refusal> {
    let bytes = &file[line.range.clone()];
    let offset = line.range.start;
    let mut row = Row {
        process: 0,
        f: 0,
        key: 0,
        value: Span::NULL,
        answer: Span::NULL,
        outcome: Outcome::Ok,
        invoked: 0,
        completed: PENDING,
        time_invoked: 0,
        time_completed: NO_TIME,
        line: line.line,
    };
    let take = |scanner: &mut Scanner<'a>, field: usize| {
        let name = FIELDS[field];
        match field {
            0 => row.process = process(scanner, bytes, name, batch)?,
            1 => {
                let call = whole(scanner, bytes, name, "int")?;
                row.time_invoked = call.unwrap_or_default();
            }
            2 => {
                let returned = whole(scanner, bytes, name, "int | null")?;
                row.time_completed = returned.unwrap_or(NO_TIME);
            }
            3 => row.f = batch.f(text(scanner, bytes, name)?),
            4 => row.key = batch.key(value(scanner, bytes, offset)?, file),
            5 => row.value = whole_or_value(scanner, bytes, offset)?,
            _ => row.answer = whole_or_value(scanner, bytes, offset)?,
        }
        Ok(())
    };
    let seen = fields.walk(scanner, bytes, take)?;
    if let Some(missing) = REQUIRED.into_iter().find(|field| seen & (1 << field) == 0) {
        return Refusal::wrong(format!("the field `{}` is missing", FIELDS[missing]));
    }
    if row.time_completed == NO_TIME {
        // Without a return, what came out means nothing.
        row.outcome = Outcome::Info;
        row.answer = Span::NULL;
    } else if row.time_completed < row.time_invoked {
        return Err(returns_early(&row, batch));
    }
    Ok(row)
}

fn returns_early(row: &Row, batch: &Batch<'_, Row>) -> Refusal {
    let (client, f) = (batch.process_of(row.process), batch.f_of(row.f));
    let reason = format!(
        "client {} returns from {} at {}, before its call at {}",
        client.quoted(),
        quoted(&f),
        row.time_completed,
        row.time_invoked
    );
    Refusal::Wrong(reason, Some(format!("{} {f}", client.plain())))
}

/// Order rows by call; of two calls of one instant, the one that returned first comes first.
fn sort(columns: &mut Columns) {
    let rows = id(columns.len());
    let calls = &columns.times_invoked;
    if !calls.is_sorted() {
        sort_rows(columns, 0..rows);
        return;
    }
    // Recorders write calls in order; what may be left are rows of one instant, here and there.
    let mut ties: Vec<Range<u32>> = Vec::new();
    let mut start = 0;
    for instant in calls.chunk_by(|a, b| a == b) {
        let end = start + id(instant.len());
        if instant.len() > 1 {
            ties.push(start..end);
        }
        start = end;
    }
    for tie in ties {
        sort_rows(columns, tie);
    }
}

fn sort_rows(columns: &mut Columns, rows: Range<u32>) {
    let time = |&row: &u32| {
        let returned = columns.times_completed[row as usize];
        let call = columns.times_invoked[row as usize];
        (call, returned == NO_TIME, returned)
    };
    let mut order: Vec<u32> = rows.clone().collect();
    order.sort_by_key(time);
    if !order.is_sorted() {
        columns.reorder(rows.start, &order);
    }
}

/// Refuse a client that does two things at a time, or goes on after it never returned.
fn refuse_overlap(builder: &mut Builder) -> Result<(), MalformedHistory> {
    let mut last = vec![u32::MAX; builder.processes.len()];
    let columns = builder.columns();
    let overlap = (0..columns.len()).find_map(|row| {
        let before = std::mem::replace(&mut last[columns.processes[row] as usize], id(row));
        let returned = *columns.times_completed.get(before as usize)?;
        (returned == NO_TIME || columns.times_invoked[row] < returned)
            .then_some((before as usize, row))
    });
    match overlap {
        Some((before, row)) => Err(overlapping(builder, before, row)),
        None => Ok(()),
    }
}

fn overlapping(builder: &mut Builder, before: usize, row: usize) -> MalformedHistory {
    let columns = builder.columns();
    let (call, returned) = (columns.times_invoked[row], columns.times_completed[before]);
    let (line, before_line) = (columns.lines[row], columns.lines[before]);
    let (f, before_f, client) = (columns.fs[row], columns.fs[before], columns.processes[row]);
    let client = builder.processes.get(client);
    let (f, before) = (builder.fs.get(f), quoted(builder.fs.get(before_f)));
    let who = client.quoted();
    let reason = if returned == NO_TIME {
        format!(
            "client {who} goes on after its {before} (line {before_line}) that never returned: it \
             must continue under a new number"
        )
    } else {
        format!(
            "client {who} calls {} at {call}, before its {before} (line {before_line}) returns at \
             {returned}: one client does one thing at a time",
            quoted(f)
        )
    };
    MalformedHistory::at(line, reason).of(format!("{} {f}", client.plain()))
}

/// Give each endpoint its rank, with rows in order of call.
fn rank(columns: &mut Columns) {
    let mut open: BinaryHeap<Reverse<(i64, u32)>> = BinaryHeap::new();
    let mut rank = 0;
    for row in 0..columns.len() {
        let call = columns.times_invoked[row];
        while let Some(&Reverse((returned, earlier))) = open.peek()
            && returned < call
        {
            open.pop();
            columns.completed[earlier as usize] = rank;
            rank += 1;
        }
        columns.invoked[row] = rank;
        rank += 1;
        if columns.times_completed[row] != NO_TIME {
            open.push(Reverse((columns.times_completed[row], id(row))));
        }
    }
    while let Some(Reverse((_, row))) = open.pop() {
        columns.completed[row as usize] = rank;
        rank += 1;
    }
}
