"use strict";
document.querySelectorAll("table.sortable").forEach(function (table) {
  var body = table.tBodies[0];
  table.querySelectorAll("th[data-sort]").forEach(function (head) {
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) button.appendChild(head.firstChild);
    head.appendChild(button);
    button.addEventListener("click", function () {
      var numeric = head.dataset.sort === "number";
      var was = head.getAttribute("aria-sort");
      var down = was ? was === "ascending" : numeric;
      var place = head.cellIndex;
      table.querySelectorAll("th[aria-sort]").forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      Array.from(body.rows).map(function (row) {
        var value = row.cells[place].dataset.value;
        return { row: row, empty: !value, key: numeric ? Number(value) : value };
      }).sort(function (a, b) {
        if (a.empty || b.empty) return a.empty - b.empty;
        var order = numeric ? a.key - b.key : a.key.localeCompare(b.key);
        return down ? -order : order;
      }).forEach(function (each) { body.appendChild(each.row); });
    });
  });
});
