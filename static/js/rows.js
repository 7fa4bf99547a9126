// Rows of one kind (phones, buyers): the first stands open, a button shows the next.
(function () {
  "use strict";
  document.querySelectorAll("[data-rows]").forEach(function (group) {
    var rows = Array.from(group.querySelectorAll("[data-row]"));
    var more = group.querySelector("[data-row-more]");
    function showFilled() {
      rows.forEach(function (row) {
        if (Array.from(row.querySelectorAll("input")).some(function (input) { return input.value; })) row.hidden = false;
      });
      more.hidden = !rows.some(function (row) { return row.hidden; });
    }
    more.addEventListener("click", function () {
      var next = rows.find(function (row) { return row.hidden; });
      if (!next) return;
      next.hidden = false;
      next.querySelector("input").focus();
      showFilled();
    });
    group.closest("form").addEventListener("draft:restored", showFilled);
    showFilled();
  });
})();
