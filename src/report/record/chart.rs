//! The chart of a run as one SVG: its rate and its lag over time, where it rested, its stages and its
//! attempts at the swap. Nothing is loaded from anywhere.

use std::fmt::Write as _;

use super::super::numbers::{seconds, thousands};
use super::contents::Record;
use super::curve::Sample;
use super::html::escaped;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 24.0;
const GAP: f64 = 50.0;

/// One curve of the chart.
struct Panel<'a> {
    title: &'a str,
    top: f64,
    value: fn(&Sample) -> f64,
    words: fn(f64) -> String,
}

/// An empty text if the run was too short to have a curve.
pub(super) fn chart(record: &Record) -> String {
    if record.curve.len() < 2 {
        return String::new();
    }
    let span = record.seconds.max(1.0);
    let panels = [
        Panel {
            title: "rows a second",
            top: TOP,
            value: |it| it.rows_per_second,
            words: |rate| thousands(whole(rate)),
        },
        Panel {
            title: "capture behind the server",
            top: TOP + HEIGHT + GAP,
            #[allow(clippy::cast_precision_loss)] // it is drawn
            value: |it| it.lag_ms as f64,
            words: |ms| format!("{} ms", thousands(whole(ms))),
        },
    ];
    let (width, height) = (LEFT + WIDTH + 20.0, TOP + 2.0 * HEIGHT + GAP + 40.0);
    let mut svg = format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\">\n");
    for panel in &panels {
        panel.draw(&mut svg, record, span);
    }
    let bottom = TOP + 2.0 * HEIGHT + GAP;
    for lap in &record.stages {
        let at = x(lap.from, span);
        put(
            &mut svg,
            &format!(
                "<line class=\"stage\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
            ),
        );
        if lap.seconds / span > 0.04 {
            put(&mut svg, &text(at + 3.0, TOP - 8.0, "start", lap.stage));
        }
    }
    for dash in &record.attempts {
        let at = x(dash.at, span);
        let title = format!(
            "attempt {}: {}, {} ms",
            dash.attempt.number, dash.attempt.outcome, dash.attempt.locked_ms
        );
        put(
            &mut svg,
            &format!(
                "<g class=\"swap\"><title>{}</title><line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" \
             y2=\"{bottom}\"/></g>",
                escaped(&title)
            ),
        );
    }
    put(&mut svg, &text(LEFT, bottom + 18.0, "start", "0s"));
    put(&mut svg, &text(LEFT + WIDTH, bottom + 18.0, "end", &seconds(whole(span))));
    svg.push_str("</svg>\n");
    svg
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String, record: &Record, span: f64) {
        let bottom = self.top + HEIGHT;
        let most = record.curve.iter().map(self.value).fold(1.0, f64::max);
        put(
            svg,
            &format!(
                "<rect class=\"panel\" x=\"{LEFT}\" y=\"{}\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>",
                self.top
            ),
        );
        for rest in &record.rests.longest {
            let (from, to) = (x(rest.from, span), x(rest.from + rest.seconds, span));
            put(
                svg,
                &format!(
                    "<rect class=\"rest\" x=\"{from:.1}\" y=\"{}\" width=\"{:.1}\" height=\"{HEIGHT}\">\
                 <title>{}</title></rect>",
                    self.top,
                    (to - from).max(1.0),
                    escaped(&rest.detail)
                ),
            );
        }
        let points: Vec<String> = record
            .curve
            .iter()
            .map(|it| {
                let y = bottom - (self.value)(it) / most * HEIGHT;
                format!("{:.1},{y:.1}", x(it.at, span))
            })
            .collect();
        put(svg, &format!("<polyline points=\"{}\"/>", points.join(" ")));
        put(svg, &text(LEFT - 6.0, self.top + 10.0, "end", &(self.words)(most)));
        put(svg, &text(LEFT - 6.0, bottom, "end", "0"));
        put(svg, &text(LEFT + 6.0, self.top + 14.0, "start", self.title));
    }
}

fn x(at: f64, span: f64) -> f64 {
    LEFT + (at / span).clamp(0.0, 1.0) * WIDTH
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(words))
}

fn put(svg: &mut String, element: &str) {
    writeln!(svg, "{element}").expect("writing to a String cannot fail");
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
fn whole(number: f64) -> u64 {
    number.round() as u64
}
