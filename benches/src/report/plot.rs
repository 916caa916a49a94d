//! Plots as plain SVG.

use std::fmt::{Display, Write as _};

/// Bars that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) bars: Vec<(&'static str, f64)>,
}

/// Horizontal bars with their values.
pub(crate) fn bars(title: &str, groups: &[Group]) -> String {
    let greatest = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.1).fold(1.0, f64::max);
    let (mut body, mut top) = (String::new(), 40);
    for group in groups {
        let _ = writeln!(body, r#"<text x="10" y="{}" font-weight="bold">{}</text>"#, top + 13, group.title);
        for (number, (name, value)) in group.bars.iter().enumerate() {
            let (width, color) = (value / greatest * 430.0, COLORS.get(number).copied().unwrap_or("#888"));
            let _ = writeln!(body, r#"<text x="180" y="{}" text-anchor="end">{name}</text>"#, top + 13);
            let _ = writeln!(body, r#"<rect x="186" y="{}" width="{width:.1}" height="14" fill="{color}"/>"#, top + 2);
            let _ = writeln!(body, r#"<text x="{:.1}" y="{}">{value:.1}</text>"#, 192.0 + width, top + 13);
            top += 18;
        }
        top += 10;
    }
    frame(title, 700, top, &body)
}

pub(super) fn frame(title: &str, width: u32, height: impl Display, body: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="{width}" height="{height}" fill="#fff"/>
<text x="10" y="22" font-size="15">{title}</text>
{body}</svg>
"##
    )
}

pub(super) const COLORS: [&str; 4] = ["#999999", "#d9822b", "#2b6cb0", "#2f855a"];
