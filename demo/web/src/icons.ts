// Owns the lines of the icons. Must not know who draws them.

export const PATHS = {
  play: 'M7 5.5v13l11-6.5z',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  stop: 'M7 7h10v10H7z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  clock: 'M12 7.5V12l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  hand: 'M12 8v5M12 16.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  dot: 'M12 12v.01',
  spinner: 'M12 4a8 8 0 1 0 8 8',
  skip: 'M6 12h12',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19 3.5V8h-4.5',
  sun: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM12 2.5v2M12 19.5v2M4.5 12h-2M21.5 12h-2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  network: 'M4 9.5a12 12 0 0 1 16 0M7 13a7.5 7.5 0 0 1 10 0M10 16.5a3 3 0 0 1 4 0M12 19.5v.01',
  unplug: 'M4 4l16 16M4 9.5a12 12 0 0 1 4-2.4M20 9.5a12 12 0 0 0-8-3M10 16.5a3 3 0 0 1 4 0',
  chevron: 'M7 10l5 5 5-5',
  bell: 'M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 2H5zM10 21h4',
  text: 'M5 6h14M5 10.5h14M5 15h9M5 19.5h5',
  graph: 'M4 9.5h5v5H4zM15 4h5v5h-5zM15 15h5v5h-5zM9 12h3V6.5h3M12 12v5.5h3',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.5 2.6-6 6.5-6s6.5 2.5 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.2M18 14.6c2.2.8 3.5 2.8 3.5 5.4',
  note: 'M6 4h12v11l-5 5H6zM13 20v-5h5M9 8.5h6M9 12h4',
  down: 'M12 4v13M6 12l6 6 6-6',
} as const;

export type IconName = keyof typeof PATHS;
