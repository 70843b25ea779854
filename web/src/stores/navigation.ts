/** The frame around the screens: the drawer, and the title of the page. */
import { defineStore } from "pinia";
import { ref } from "vue";

export type Area = "teacher" | "admin";

export const useNavigationStore = defineStore("navigation", () => {
  const isDrawerOpen = ref(false);

  function openDrawer(): void {
    isDrawerOpen.value = true;
  }

  function closeDrawer(): void {
    isDrawerOpen.value = false;
  }

  return { isDrawerOpen, openDrawer, closeDrawer };
});
