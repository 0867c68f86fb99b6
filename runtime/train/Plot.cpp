// The curves of a training run as an SVG image: the loss above (logarithmic), the test accuracy below.
#include "runtime/support/Error.h"
#include "runtime/train/Train.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

namespace keel::runtime {

namespace {
constexpr double width = 720, panelHeight = 240, left = 72, right = 96, top = 48, gap = 64;

std::string number(double value, const char *format = "%.6g") {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

struct Panel {
  const char *title, *color;
  std::vector<std::pair<double, double>> points; // (epoch, value)
  bool logarithmic;
  std::function<std::string(double)> label;
};

/// Round values that cover [low, high] in a few steps of 1, 2 or 5 times a power of ten.
std::vector<double> ticks(double low, double high, int wanted) {
  double raw = (high - low) / wanted, power = std::pow(10, std::floor(std::log10(raw)));
  double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
  std::vector<double> result;
  for (double value = std::ceil(low / step - 1e-9) * step; value <= high + 1e-9 * step; value += step)
    result.push_back(std::fabs(value) < step * 1e-9 ? 0 : value);
  return result;
}

std::vector<double> logTicks(double low, double high) {
  std::vector<double> result;
  for (int sparse = 0; sparse < 2; ++sparse) {
    result.clear();
    for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10)
      for (double factor : {1.0, 2.0, 5.0})
        if ((!sparse || factor == 1.0) && decade * factor >= low && decade * factor <= high)
          result.push_back(decade * factor);
    if (result.size() <= 7)
      break;
  }
  return result;
}

std::string draw(const Panel &panel, double y, double firstEpoch, double lastEpoch) {
  auto [lowest, highest] = std::ranges::minmax(panel.points, {}, &std::pair<double, double>::second);
  double low = lowest.second, high = highest.second;
  if (panel.logarithmic)
    low /= 1.15, high *= 1.15;
  else {
    double margin = std::max((high - low) * 0.08, 0.005);
    low -= margin, high = std::min(high + margin, 1.0);
  }
  auto scale = [&](double value) { return panel.logarithmic ? std::log(value) : value; };
  auto placeX = [&](double epoch) {
    return left +
           (lastEpoch > firstEpoch ? (epoch - firstEpoch) / (lastEpoch - firstEpoch) : 0.5) * (width - left - right);
  };
  auto placeY = [&](double value) {
    return y + panelHeight * (1 - (scale(value) - scale(low)) / (scale(high) - scale(low)));
  };

  std::string svg = text("<text class=\"title\" x=\"", left, "\" y=\"", y - 14, "\">", panel.title, "</text>\n");
  std::vector<double> values = panel.logarithmic ? logTicks(low, high) : ticks(low, high, 5);
  for (double value : values) {
    std::string at = number(placeY(value), "%.2f");
    svg += text("<line class=\"grid\" x1=\"", left, "\" x2=\"", width - right, "\" y1=\"", at, "\" y2=\"", at, "\"/>\n",
                "<text class=\"tick\" text-anchor=\"end\" dy=\"0.32em\" x=\"", left - 10, "\" y=\"", at, "\">",
                panel.label(value), "</text>\n");
  }
  for (double epoch : ticks(firstEpoch, std::max(lastEpoch, firstEpoch + 1), 10))
    if (epoch == std::floor(epoch) && epoch <= lastEpoch)
      svg += text("<text class=\"tick\" text-anchor=\"middle\" x=\"", number(placeX(epoch), "%.2f"), "\" y=\"",
                  y + panelHeight + 20, "\">", number(epoch), "</text>\n");

  std::string path;
  for (auto [epoch, value] : panel.points)
    path += text(path.empty() ? "" : " ", number(placeX(epoch), "%.2f"), ",", number(placeY(value), "%.2f"));
  svg += text("<polyline class=\"curve\" stroke=\"", panel.color, "\" points=\"", path, "\"/>\n");
  auto [epoch, value] = panel.points.back();
  svg += text("<circle r=\"4\" fill=\"", panel.color, "\" cx=\"", number(placeX(epoch), "%.2f"), "\" cy=\"",
              number(placeY(value), "%.2f"), "\"/>\n<text class=\"last\" dy=\"0.32em\" fill=\"", panel.color, "\" x=\"",
              number(placeX(epoch) + 10, "%.2f"), "\" y=\"", number(placeY(value), "%.2f"), "\">", panel.label(value),
              "</text>\n");
  return svg;
}
} // namespace

std::string plotCurves(std::span<const keel_epoch> history) {
  Panel loss{"training loss", "#2563eb", {}, true, [](double value) { return number(value, "%.3g"); }};
  Panel accuracy{"test accuracy", "#d9480f", {}, false, [](double value) { return number(value * 100, "%.4g") + "%"; }};
  for (const keel_epoch &epoch : history) {
    if (std::isfinite(epoch.train_loss)) {
      loss.points.emplace_back(epoch.epoch, epoch.train_loss);
      loss.logarithmic &= epoch.train_loss > 0;
    }
    if (std::isfinite(epoch.test_accuracy))
      accuracy.points.emplace_back(epoch.epoch, epoch.test_accuracy);
  }
  std::vector<const Panel *> panels;
  for (const Panel *panel : {&loss, &accuracy})
    if (!panel->points.empty())
      panels.push_back(panel);
  double height = top + static_cast<double>(panels.size()) * (panelHeight + gap);
  std::string svg = text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, " ", height, "\" width=\"",
                         width, "\" height=\"", height,
                         "\">\n<style>\n"
                         "text { font: 13px system-ui, 'Helvetica Neue', Arial, sans-serif; }\n"
                         ".title { font-size: 15px; font-weight: 600; fill: #1f2937; }\n"
                         ".tick { fill: #6b7280; }\n"
                         ".last { font-weight: 600; }\n"
                         ".grid { stroke: #e5e7eb; }\n"
                         ".curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }\n"
                         "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  double y = top;
  for (const Panel *panel : panels) {
    svg += draw(*panel, y, history.front().epoch, history.back().epoch);
    y += panelHeight + gap;
  }
  svg += text("<text class=\"tick\" text-anchor=\"middle\" x=\"", (left + width - right) / 2, "\" y=\"", height - 16,
              "\">epoch</text>\n</svg>\n");
  return svg;
}

} // namespace keel::runtime
