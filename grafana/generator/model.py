"""What the dashboards share: variables, selectors, links, and panels in Grafana's first JSON model.

The model is that of `schemaVersion` 39, which every Grafana since 10.4 loads; newer ones migrate it upwards.
"""

SCHEMA_VERSION = 39
TAG = "sidetone"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

# `location` is a target label that not everybody has: `.*` and an empty value match series without it.
TARGET = 'job=~"$job",instance=~"$instance",location=~"$location"'
MONITOR = TARGET + ',monitor=~"$monitor"'

# Probes are rarer than scrapes. A rate or a quantile over less than some probes shows holes.
SLOW = "5m"

ALERTS = 'ALERTS{alertstate="firing",alertname=~"Sidetone.+"%s}'


def prober(family):
    """Series of sidetone as a whole."""
    return f"{family}{{{TARGET}}}"


def series(family, *matchers, **labels):
    """Series of the selected monitors with these labels and matchers."""
    wanted = [*(f'{label}="{value}"' for label, value in labels.items()), *matchers]
    return f"{family}{{{','.join([MONITOR, *wanted])}}}"


# --- queries ---


def target(expr, legend="", **more):
    return {"datasource": DATASOURCE, "expr": expr, "legendFormat": legend, "range": True, "instant": False, **more}


def now(expr, legend="", **more):
    """The value at the end of the time range."""
    return target(expr, legend, range=False, instant=True, **more)


def rows(expr):
    """One row of a table for each series."""
    return now(expr, format="table")


# --- panels ---


def panel(kind, title, description, targets, options, *, unit="none", width=12, height=8, custom=None, overrides=(), **defaults):
    """`defaults` are those of the fields (`mappings`, `min`, `links` …), except for `transformations`, `interval` and `per_row`."""
    more = {key: defaults.pop(key) for key in ("transformations", "interval") if key in defaults}
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"w": width, "h": height},
        "targets": [{"refId": chr(ord("A") + index), **one} for index, one in enumerate(targets)],
        "fieldConfig": {"defaults": {"unit": unit, "custom": custom or {}, **defaults}, "overrides": list(overrides)},
        "options": options,
        **more,
    }


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def steps(first, *others):
    """Thresholds: the colour below all limits, then `(limit, colour)`."""
    listed = [{"color": first, "value": None}] + [{"color": colour, "value": limit} for limit, colour in others]
    return {"mode": "absolute", "steps": listed}


def stat(title, description, targets, *, names=False, **more):
    """Big values on the colour of their mapping or threshold; without either, on none."""
    coloured = "mappings" in more or "thresholds" in more
    options = {
        "colorMode": "background_solid" if coloured else "none",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": "value_and_name" if names else "value",
        "wideLayout": False,
    }
    more.setdefault("color", {"mode": "thresholds"})
    return panel("stat", title, description, targets, options, **more)


def bars(title, description, targets, **more):
    """A bar for each series, as far as its value goes."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 60,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    }
    return panel("bargauge", title, description, targets, options, color={"mode": "thresholds"}, **more)


def timeline(title, description, targets, **more):
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 85, "lineWidth": 0}
    return panel("state-timeline", title, description, targets, options, custom=custom, color={"mode": "thresholds"}, **more)


def lines(title, description, targets, *, stacked=False, bars=False, step=False, **more):
    """Values over time: lines, stacked areas or bars."""
    options = {
        "legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    custom = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 70 if bars else 35 if stacked else 8,
        "lineInterpolation": "stepAfter" if step else "linear",
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
    }
    more.setdefault("min", 0)
    return panel("timeseries", title, description, targets, options, custom=custom, **more)


def heatmap(title, description, targets, **more):
    """Counts by bucket of a histogram; the bars of one column are one time."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scale": "exponential", "scheme": "Spectral", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
    }
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    return panel("heatmap", title, description, targets, options, custom=custom, **more)


def said(query, slug, words="meaning"):
    """The query with the label `slug` once more as `words`, for a column whose mappings turn it into a sentence."""
    return f'label_replace({query}, "{words}", "$1", "{slug}", "(.+)")'


def words(title, description, query, columns, *, empty, sort=None, **more):
    """A table of labels in words. `columns` are `(label, title, properties)` from left to right; time and value are hidden."""
    shown = [label for label, _, _ in columns]
    organize = {
        "excludeByName": {label: True for label in ("Time", "Value") if label not in shown},
        "includeByName": {},
        "indexByName": {label: index for index, label in enumerate(shown)},
        "renameByName": {label: heading for label, heading, _ in columns},
    }
    options = {"cellHeight": "lg", "enablePagination": False, "frameIndex": 0, "showHeader": True}
    if sort:
        options["sortBy"] = [{"displayName": sort, "desc": False}]
    overrides = [override(heading, **properties) for _, heading, properties in columns if properties]
    custom = {"align": "left", "cellOptions": {"type": "auto"}, "wrapText": True, "filterable": False, "inspect": False}
    transformations = [{"id": "organize", "options": organize}]
    return panel(
        "table", title, description, [rows(query)], options, custom=custom, overrides=overrides, transformations=transformations, noValue=empty, **more
    )


def override(name, **properties):
    """Properties of the field with this name; `custom_width` is `custom.width`."""
    listed = [{"id": key.replace("custom_", "custom."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": listed}


BADGE = {"type": "color-background", "mode": "basic"}


# --- links ---


def to_monitor(label="${__field.labels.monitor}"):
    """From a value to the dashboard of its monitor."""
    url = f"/d/sidetone-monitor?var-datasource=${{datasource}}&var-job=$__all&var-instance=$__all&var-location=$__all&var-monitor={label}&${{__url_time_range}}"
    return {"title": f"Dashboard of {label}", "url": url, "targetBlank": False}


def to_report(label="${__field.labels.monitor}"):
    """From a value to the reports of its monitor, on the page that sidetone serves."""
    return {"title": f"Reports of {label}", "url": f"${{sidetone_url}}/monitors/{label}", "targetBlank": True}


CELL = "${__value.text}"


def link(title, url, tooltip, *, outside=False):
    return {
        "type": "link",
        "title": title,
        "url": url,
        "tooltip": tooltip,
        "icon": "external link" if outside else "dashboard",
        "asDropdown": False,
        "includeVars": not outside,
        "keepTime": not outside,
        "tags": [],
        "targetBlank": outside,
    }


LINKS = {
    "sidetone-wall": link("Wall", "/d/sidetone-wall", "Every monitor at a glance"),
    "sidetone-monitor": link("Monitor", "/d/sidetone-monitor", "One monitor in detail"),
    "sidetone-prober": link("Prober", "/d/sidetone-prober", "How sidetone itself is doing"),
}


# --- variables ---


def query_variable(name, label, query, description, every=".+"):
    """A variable with the values of a label; `every` is the regular expression of All, or `None` if one is to be chosen."""
    choice = {"current": {"selected": True, "text": ["All"], "value": ["$__all"]}, "allValue": every} if every else {}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "description": description,
        "datasource": DATASOURCE,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": every is not None,
        "hide": 0,
        **choice,
    }


def variables(*more):
    return [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "regex": "", "hide": 0, "multi": False, "includeAll": False},
        query_variable("job", "Job", "label_values(sidetone_build_info, job)", "Scrape jobs that have sidetone"),
        query_variable("instance", "Instance", 'label_values(sidetone_build_info{job=~"$job"}, instance)', "Probers"),
        query_variable(
            "location",
            "Location",
            'label_values(sidetone_build_info{job=~"$job",instance=~"$instance"}, location)',
            "Where the probers stand: a label of the scrape targets, if they have it",
            every=".*",
        ),
        *more,
    ]


def monitor_variable(**more):
    return query_variable("monitor", "Monitor", f"label_values(sidetone_monitor_info{{{TARGET}}}, monitor)", "Monitors by their configured name", **more)


SIDETONE_URL = {
    "type": "textbox",
    "name": "sidetone_url",
    "label": "sidetone",
    "description": "Where browsers reach sidetone, without a slash at the end: links to reports begin with it",
    "query": "http://127.0.0.1:10065",
    "current": {"selected": True, "text": "http://127.0.0.1:10065", "value": "http://127.0.0.1:10065"},
    "options": [{"selected": True, "text": "http://127.0.0.1:10065", "value": "http://127.0.0.1:10065"}],
    "hide": 0,
}


# --- the whole ---


def alerts(matchers=""):
    """Firing alerts as regions; their labels are those of the shipped rules."""
    return {
        "builtIn": 0,
        "name": "Alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "expr": ALERTS % matchers,
        "step": "60s",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{monitor}} {{location}} {{reason}}",
        "tagKeys": "severity,owner",
        "useValueForTime": False,
    }


def dashboard(uid, title, description, panels, *, variables, annotation, since, links=()):
    others = [one for other, one in LINKS.items() if other != uid]
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": since, "to": "now"},
        "timepicker": {"refresh_intervals": ["10s", "30s", "1m", "5m", "15m"]},
        "annotations": {"list": [annotation]},
        "templating": {"list": variables},
        "links": [*others, *links],
        "panels": placed(panels),
    }


def placed(panels):
    """Fills rows of 24 columns from left to right, and numbers the panels."""
    x = y = height = 0
    for number, one in enumerate(panels, start=1):
        grid = one["gridPos"]
        if x + grid["w"] > 24:
            x, y, height = 0, y + height, 0
        one["id"] = number
        one["gridPos"] = {"x": x, "y": y, **grid}
        x, height = x + grid["w"], max(height, grid["h"])
    return panels
